/* The choices of this process: asked for every convolution that is made, told to other
 * ranks and to people, and, where they were measured, kept in a file for later runs.
 * detect/kernels.c calls the functions of the table at the end: on rank 0 measure and
 * measured around the making of plans, then tell; on the others take.
 *
 * That file is $XDG_CACHE_HOME/flotilla/kernels-<key>.txt, else in ~/.cache; its first
 * line is the key in words: the processor, oneDNN's version and instruction set, ours, the
 * number of threads. A file with another first line, or with one line that is not ours,
 * counts for nothing and is written anew. */
#include "device/cpu/choice.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "base/processor.h"
#include "device/cpu/dnnl_api.h"
#include "device/cpu/kernels.h"
#include "device/cpu/winograd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Changes with the kernels: what was measured with others says nothing. */
#define VERSION 1
/* Of a line of tell(): longer than five numbers and five words can be. */
#define LINE_MOST 128

static const char *const names[CPU_KERNELS] = { "oneDNN", "Winograd" };

/* A shape and its choice. Convolutions of k 3 and stride 1 alone have one, so
 * the five numbers tell shapes apart. */
struct known {
	int n, h, w, cin, cout;
	bool backward;
	bool measured;
	bool used; /* by a convolution of this process */
	struct cpu_choice choice;
};

/* The process's, as the engine of conv.c is; a few hundred at most, so searches
 * go through all of them. */
static struct known *list;
static int count;
static bool measuring, anything_new;
static double until; /* measuring may go on */

/* A convolution whose gradients are wanted answers for one without too. */
static struct known *find(const struct known *k)
{
	for (int i = 0; i < count; i++) {
		struct known *l = &list[i];

		if (l->n == k->n && l->h == k->h && l->w == k->w &&
		    l->cin == k->cin && l->cout == k->cout &&
		    l->backward >= k->backward)
			return l;
	}
	return NULL;
}

static void add(const struct known *k)
{
	list = fl_realloc(list, ((size_t)count + 1) * sizeof(*list));
	list[count++] = *k;
}

/* One line, for the file, for other ranks and for number_of(); read_line()
 * takes it apart. The last word keeps a choice of the table from counting as
 * measured. */
static void say(const struct known *k, struct fl_str *out)
{
	fl_str_addf(out, "%d %d %d %d %d %s", k->n, k->h, k->w, k->cin, k->cout,
		    k->backward ? "train" : "infer");
	for (int i = 0; i < CPU_DIRECTIONS; i++)
		fl_str_addf(out, " %s", names[k->choice.kernel[i]]);
	fl_str_addf(out, " %s\n", k->measured ? "measured" : "table");
}

static void tell(struct fl_str *out)
{
	for (int i = 0; i < count; i++)
		if (list[i].used)
			say(&list[i], out);
}

/* A number of one measured choice; their sum is one of all, in any order,
 * because ranks and runs ask for convolutions in different orders. */
static uint64_t number_of(const struct known *k)
{
	unsigned char bytes[FL_DIGEST_BYTES];
	struct fl_str text = FL_STR_INIT;
	uint64_t number;

	say(k, &text);
	fl_digest_of(fl_str_get(&text), text.len, bytes);
	fl_str_release(&text);
	memcpy(&number, bytes, sizeof(number));
	return number;
}

/* Named is what a step is made of: an evaluation's choices move no weight. */
const char *cpu_choice_words(void)
{
	static char text[96];
	uint64_t sum = 0;

	for (int i = 0; i < count; i++)
		if (list[i].used && list[i].measured && list[i].backward)
			sum += number_of(&list[i]);
	if (sum)
		snprintf(text, sizeof(text), ", Winograd as measured (%08x)",
			 (unsigned)(sum >> 32));
	else
		snprintf(text, sizeof(text), ", Winograd by table %d", VERSION);
	return text;
}

static bool kernel_named(const char *name, unsigned char *kernel)
{
	for (int k = 0; k < CPU_KERNELS; k++)
		if (strcmp(name, names[k]) == 0) {
			*kernel = (unsigned char)k;
			return true;
		}
	return false;
}

static bool read_line(const char *line, struct known *k)
{
	/* more: sscanf takes 10 only where nothing follows the last word. */
	char mode[16], kernel[CPU_DIRECTIONS][16], how[16], more;
	bool ok;

	*k = (struct known){ 0 };
	if (sscanf(line, "%d %d %d %d %d %15s %15s %15s %15s %15s %c", &k->n,
		   &k->h, &k->w, &k->cin, &k->cout, mode, kernel[0], kernel[1],
		   kernel[2], how, &more) != 10)
		return false;
	k->backward = strcmp(mode, "train") == 0;
	k->measured = strcmp(how, "measured") == 0;
	ok = (k->backward || strcmp(mode, "infer") == 0) &&
	     (k->measured || strcmp(how, "table") == 0) && k->n > 0 &&
	     k->h > 0 && k->w > 0 && k->cin > 0 && k->cout > 0;
	for (int i = 0; ok && i < CPU_DIRECTIONS; i++)
		ok = kernel_named(kernel[i], &k->choice.kernel[i]);
	return ok;
}

/* All lines or none. */
static int take(const char *text, struct fl_err *err)
{
	int before = count, number = 1;

	for (const char *p = text; *p; number++) {
		size_t n = strcspn(p, "\n");
		char line[LINE_MOST];
		struct known k;

		snprintf(line, sizeof(line), "%.*s", (int)(n < 200 ? n : 200),
			 p);
		if (n >= LINE_MOST || p[n] != '\n' || !read_line(line, &k)) {
			count = before;
			return fl_fail(err, FL_EDATA,
				       "line %d is no choice of a kernel: '%s'",
				       number, line);
		}
		/* What this process has chosen stays: its convolutions are made
		 * already. */
		if (!find(&k))
			add(&k);
		p += n + 1;
	}
	return 0;
}

/* --- the file of earlier runs --- */

/* Whatever moves the times: with other threads other kernels win. */
static void key_of(char *out, size_t size)
{
	char name[64];

	fl_processor_name(name, sizeof(name));
	snprintf(out, size, "flotilla kernels %d; %s; %s; %s; %d threads",
		 VERSION, *name ? name : "unknown processor", dnn_name(),
		 cpu_kernel_set()->name, fl_par_threads());
}

/* False where the user has no place for such files. */
static bool cache_path(char *out, size_t size, const char *key)
{
	char hex[FL_DIGEST_HEX], name[64];

	fl_digest_hex_of(key, strlen(key), hex);
	snprintf(name, sizeof(name), "kernels-%.16s.txt", hex);
	return fl_cache_path(out, size, name);
}

/* Nothing here ends a run: a file that cannot be read costs a new
 * measurement. */
static void load(void)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str text = FL_STR_INIT;
	char path[4096], key[256];
	struct fl_map map;
	size_t n;

	key_of(key, sizeof(key));
	n = strlen(key);
	if (!cache_path(path, sizeof(path), key) || !fl_exists(path))
		return;
	if (fl_map_open(&map, path, &err) != 0) {
		fl_info("kernels are measured anew: %s", err.text);
		return;
	}
	if (map.size > n && memcmp(map.data, key, n) == 0 &&
	    map.data[n] == '\n' && !memchr(map.data, 0, map.size))
		fl_str_addn(&text, map.data + n + 1, map.size - n - 1);
	else
		fl_fail(&err, FL_EDATA, "its first line is not '%s'", key);
	if (err.code == 0)
		take(fl_str_get(&text), &err);
	if (err.code != 0)
		fl_info("kernels are measured anew: '%s' is not what this build writes: %s",
			path, err.text);
	fl_str_release(&text);
	fl_map_close(&map);
}

/* Kept are all measured ones, those of earlier runs too, which load() has read.
 * fl_write_file replaces the file in one step, so a reader never sees half of
 * it. */
static void save(void)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str text = FL_STR_INIT;
	char path[4096], folder[4096], key[256];

	key_of(key, sizeof(key));
	if (!cache_path(path, sizeof(path), key))
		return;
	fl_str_addf(&text, "%s\n", key);
	for (int i = 0; i < count; i++)
		if (list[i].measured)
			say(&list[i], &text);
	snprintf(folder, sizeof(folder), "%.*s",
		 (int)(strrchr(path, '/') - path), path);
	if (fl_make_dirs(folder, &err) != 0 ||
	    fl_write_file(path, fl_str_get(&text), text.len, &err) != 0)
		fl_info("the measured kernels are not kept for later runs: %s",
			err.text);
	fl_str_release(&text);
}

static void measure(double seconds)
{
	measuring = true;
	anything_new = false;
	until = fl_now_s() + seconds;
	load();
}

static void measured(void)
{
	measuring = false;
	if (anything_new)
		save();
}

struct cpu_choice cpu_choice_of(const struct dev_conv_desc *d)
{
	struct known k = { .n = d->n,
			   .h = d->h,
			   .w = d->w,
			   .cin = d->cin,
			   .cout = d->cout,
			   .backward = d->backward,
			   .used = true,
			   .choice = cpu_choice_by_table(d) };
	struct dev_conv_desc wanted = *d;
	struct fl_err err = FL_ERR_INIT;
	struct known *old;

	/* With maps in BF16 there is the table alone. */
	if (!winograd_fits(d) || d->x_type == DTYPE_BF16)
		return k.choice;
	old = find(&k);
	/* Outside of measuring what was chosen first holds for the whole run;
	 * within it a choice by the table is made again with the clock. */
	if (old && (old->measured || !measuring)) {
		old->used = true;
		return old->choice;
	}
	if (old)
		k.backward = wanted.backward = old->backward;
	if (measuring && fl_now_s() < until &&
	    cpu_choice_measure(&wanted, &k.choice, &err) == 0)
		k.measured = anything_new = true;
	if (old)
		*old = k;
	else
		add(&k);
	return k.choice;
}

const struct dev_kernels cpu_kernel_choices = { measure, measured, tell, take };

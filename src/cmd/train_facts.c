/* train_facts.c - the texts that all ranks must share before the first step,
 * each with what it may differ in left out: where a recipe writes to, the
 * folder of a data set, counts of cores. Called by train_watch.c on every rank,
 * once all is loaded.
 * What is large goes in as a digest. The agent compares them and shows the
 * lines that differ, so a text is a few lines of words rather than a number. */
#include "cmd/train_facts.h"

#include "base/digest.h"
#include "base/file.h"

#include <stdlib.h>
#include <string.h>

/* TRAIN_FACTS bounds the list; the text is the list's own. */
static struct fl_str *add(struct train_facts *f, const char *name)
{
	f->items[f->count].name = name;
	f->texts[f->count] = (struct fl_str)FL_STR_INIT;
	return &f->texts[f->count++];
}

/* The effective recipe, without where it writes to. */
static void add_recipe(struct train_facts *f, const struct recipe *r)
{
	struct fl_str *s = add(f, "recipe");

	for (const char *p = r->effective; *p;) {
		size_t n = strcspn(p, "\n");

		if (!fl_starts_with(p, "save_dir:"))
			fl_str_addn(s, p, n + (p[n] != '\0'));
		p += n + (p[n] != '\0');
	}
}

static void add_data(struct train_facts *f, const struct dataset *d)
{
	struct fl_str *s = add(f, "data set");
	char hex[FL_DIGEST_HEX];

	dataset_digest(d, hex);
	/* 16 digits, 64 bits: enough to tell apart what nobody tries to forge,
	 * and short enough to be read. */
	fl_str_addf(s, "%d images, %ld boxes of %d classes, digest %.16s",
		    d->count, d->boxes, d->class_count, hex);
}

/* Two machines with two builds compute other last bits, or worse; the file that
 * runs tells it, whatever its version says. */
static void add_program(struct train_facts *f)
{
	struct fl_str *s = add(f, "program");
	struct fl_err err = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX] = "unknown";
	struct fl_map map;

	if (fl_map_open(&map, "/proc/self/exe", &err) == 0) {
		fl_digest_hex_of(map.data, map.size, hex);
		fl_map_close(&map);
	}
	fl_str_addf(s, "flotilla, digest of the program %.16s", hex);
}

/* What the user set: counts of cores may differ. */
static void add_numbers(struct train_facts *f, const struct recipe *r,
			const struct engine *e)
{
	struct fl_str *s = add(f, "numbers");
	const char *threads = getenv("FLOTILLA_THREADS");

	fl_str_addf(s, "device %s, precision %s, OMP_NUM_THREADS %s",
		    e->net.dev->device->name,
		    recipe_precision(r) == DTYPE_BF16 ? "bf16" : "fp32",
		    threads && *threads ? threads : "not set");
}

static void add_weights(struct train_facts *f, const struct engine *e,
			const struct train_place *at)
{
	const struct graph *g = e->net.model->graph;
	struct fl_str *s = add(f, "weights");
	char hex[FL_DIGEST_HEX];
	struct fl_digest digest;

	fl_digest_init(&digest);
	/* At the start the mirror holds what was loaded. */
	fl_digest_update(&digest, e->net.host.row[STATE_WEIGHTS],
			 g->flat_count * sizeof(float));
	fl_digest_update(&digest, e->net.host.row[STATE_STATISTICS],
			 g->statistic_count * sizeof(float));
	fl_digest_hex(&digest, hex);
	fl_str_addf(s, "of step %lld, digest %.16s", (long long)at->step, hex);
}

void train_facts_take(struct train_facts *f, const struct recipe *recipe,
		      const struct engine *engine,
		      const struct train_place *place,
		      const struct dataset *data)
{
	f->count = 0;
	add_recipe(f, recipe);
	add_data(f, data);
	add_program(f);
	add_numbers(f, recipe, engine);
	add_weights(f, engine, place);
	for (int i = 0; i < f->count; i++)
		f->items[i].text = fl_str_get(&f->texts[i]);
}

void train_facts_release(struct train_facts *f)
{
	for (int i = 0; i < f->count; i++)
		fl_str_release(&f->texts[i]);
}

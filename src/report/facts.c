/* facts.c - where, by what and of what a run is made, kept beside it.
 *
 * The page sink opens it with the run's folder, adds to it as things become
 * known, and writes it before every page. Machines of other ranks are told by the
 * launcher's list of endpoints; a trainer asks no other rank for it, so that the
 * ranks have nothing to wait for. */
#include "report/facts.h"

#include "agent/lines.h"
#include "base/arena.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/digest.h"
#include "base/file.h"
#include "base/par.h"
#include "base/processor.h"
#include "ckpt/checkpoint.h"
#include "report/ledger_means.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

/* Of a digest so many digits are enough to tell two apart. */
#define DIGITS 32

static struct json *part_of(struct facts *f, const char *name)
{
	struct json *part = json_get(f->root, name);

	if (!part) {
		part = json_new_object();
		json_set(f->root, name, part);
	}
	return part;
}

static void add_recipe(struct facts *f)
{
	const struct recipe *r = f->run->recipe;
	struct json *o = json_new_object(), *changes = json_new_array();

	json_set_text(o, "path", r->path);
	for (int i = 0; i < r->change_count; i++) {
		const struct recipe_change *c = &r->changes[i];
		struct json *change = json_new_object();

		json_set_text(change, "key", c->key);
		json_set_text(change, "value", c->value);
		if (c->base)
			json_set_text(change, "base", c->base);
		json_set_text(change, "from", c->from);
		json_add(changes, change);
	}
	json_set(o, "changes", changes);
	json_set(f->root, "recipe", o);
}

/* "10.0.0.1:6170,10.0.0.1:6171,10.0.0.2:6170" as "3: 2 on 10.0.0.1, 1 on
 * 10.0.0.2": endpoints come in order of ranks, which are side by side on a
 * machine. */
static void add_ranks(struct json *machines, int world)
{
	const char *at = getenv("PADDLE_TRAINER_ENDPOINTS");
	struct fl_str text = FL_STR_INIT;
	char last[256] = "";
	int same = 0;

	fl_str_addf(&text, "%d", world);
	fl_str_add(&text, at && *at ? ":" : "");
	while (at && *at) {
		size_t len = strcspn(at, ",");
		size_t host = len;

		while (host > 0 && at[host] != ':')
			host--;
		if (same > 0 &&
		    (strlen(last) != host || strncmp(last, at, host) != 0)) {
			fl_str_addf(&text, " %d on %s,", same, last);
			same = 0;
		}
		snprintf(last, sizeof(last), "%.*s", (int)host, at);
		same++;
		at += len + (at[len] == ',');
	}
	if (same > 0)
		fl_str_addf(&text, " %d on %s", same, last);
	json_set_text(machines, "ranks", fl_str_get(&text));
	fl_str_release(&text);
}

static void add_machines(struct facts *f)
{
	struct json *o = part_of(f, "machines");
	struct utsname system = { 0 };
	char text[512], name[256];

	uname(&system);
	json_set_text(o, "host of rank 0", system.nodename);
	snprintf(text, sizeof(text), "%s %s, %s", system.sysname,
		 system.release, system.machine);
	json_set_text(o, "system", text);
	fl_processor_name(name, sizeof(name));
	snprintf(text, sizeof(text), "%s%s%d cores, of which a rank uses %d",
		 name, *name ? ", " : "", fl_cores(), fl_par_threads());
	json_set_text(o, "processor", text);
	snprintf(text, sizeof(text), "%.1f GiB",
		 (double)sysconf(_SC_PHYS_PAGES) *
			 (double)sysconf(_SC_PAGESIZE) / 0x1p30);
	json_set_text(o, "memory", text);
	add_ranks(o, f->run->world_size);
}

/* "compiler   gcc 12.2.0 for x86_64": the first word is the name. */
static void add_versions(struct facts *f)
{
	struct json *o = part_of(f, "versions");

	for (const char *at = f->run->versions; at && *at;) {
		size_t len = strcspn(at, "\n"), word = strcspn(at, " \n");
		size_t gap = word + strspn(at + word, " ");
		char name[64], text[1024];

		snprintf(name, sizeof(name), "%.*s", (int)word, at);
		if (gap <= len) {
			snprintf(text, sizeof(text), "%.*s", (int)(len - gap),
				 at + gap);
			json_set_text(o, name, text);
		}
		at += len + (at[len] == '\n');
	}
}

static void add_digest(struct facts *f, const char *name, const char *hex)
{
	char text[DIGITS + 1];

	snprintf(text, sizeof(text), "%.*s", DIGITS, hex);
	json_set_text(part_of(f, "digests"), name, text);
}

static void add_program(struct facts *f)
{
	struct fl_err why = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX];
	struct fl_map map;

	if (fl_map_open(&map, "/proc/self/exe", &why) != 0)
		return;
	fl_digest_hex_of(map.data, map.size, hex);
	fl_map_close(&map);
	add_digest(f, "program", hex);
}

void facts_add_data(struct facts *f, const char *name,
		    const struct dataset *data)
{
	char hex[FL_DIGEST_HEX], key[64];

	dataset_digest(data, hex);
	snprintf(key, sizeof(key), "%s: %d images, %ld boxes", name,
		 data->count, data->boxes);
	add_digest(f, key, hex);
}

void facts_add_weights(struct facts *f)
{
	static const char *const names[] = { "best_model", "model_final" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fl_err why = FL_ERR_INIT;
		struct tensor_file weights;
		char path[PATH_MAX], key[64], hex[FL_DIGEST_HEX];

		snprintf(path, sizeof(path), "%s/%s.safetensors",
			 f->run->folder, names[i]);
		if (!fl_exists(path) || weights_open(&weights, path, &why) != 0)
			continue;
		checkpoint_digest(&weights, hex);
		snprintf(key, sizeof(key), "weights of %s", names[i]);
		if (tensor_file_end(&weights, path, 0, &why) == 0)
			add_digest(f, key, hex);
	}
}

/* Whole, for whoever reads the report is in another folder. */
static void add_ledger_file(struct facts *f)
{
	const char *path = getenv(AGENT_LEDGER_VARIABLE);
	struct fl_err why = FL_ERR_INIT;
	char here[PATH_MAX], whole[PATH_MAX];

	/* Of the process that the run goes on from. */
	json_set_null(f->root, "ledger_file");
	if (path && getcwd(here, sizeof(here)) &&
	    fl_join(whole, sizeof(whole), here, path, &why) == 0)
		json_set_text(f->root, "ledger_file", whole);
}

int facts_open(struct facts *f, const struct sink_run *run, struct fl_err *err)
{
	struct fl_err why = FL_ERR_INIT;
	char hex[FL_DIGEST_HEX];
	int rc;

	*f = (struct facts){ .run = run };
	rc = fl_join(f->path, sizeof(f->path), run->folder, "report.json", err);
	if (rc != 0)
		return rc;
	if (run->done > 0 && fl_exists(f->path))
		f->root = json_read(f->path, &why);
	if (!f->root || json_kind_of(f->root) != JSON_KIND_OBJECT) {
		json_free(f->root); /* broken: begun anew */
		f->root = json_new_object();
	}
	f->begun = time(NULL);
	f->start = fl_now_s() - json_real_or(f->root, "seconds", 0);
	json_set_int(f->root, "epochs", run->epochs);
	json_set_int(f->root, "steps_per_epoch", run->steps_per_epoch);
	json_set_int(f->root, "ranks", run->world_size);
	json_set_int(f->root, "batch_size", run->batch_size);
	json_set_int(f->root, "begun", f->begun);
	add_ledger_file(f);
	add_recipe(f);
	add_machines(f);
	add_versions(f);
	fl_digest_hex_of(run->recipe->effective, strlen(run->recipe->effective),
			 hex);
	add_digest(f, "recipe (config.yml)", hex);
	add_program(f);
	return 0;
}

int facts_write(struct facts *f, struct fl_err *err)
{
	const char *path = getenv(AGENT_LEDGER_VARIABLE);
	struct json *ledger = path ? ledger_means(path, f->begun) : NULL;

	if (ledger)
		json_set(f->root, "ledger", ledger);
	json_set_real(f->root, "seconds", fl_now_s() - f->start);
	return json_write(f->root, f->path, err);
}

void facts_close(struct facts *f)
{
	json_free(f->root);
	f->root = NULL;
}

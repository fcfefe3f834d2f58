/* run.c - what a run's folder says, as far as it can be read.
 *
 * page.c opens every run of a page first. A training writes metrics.jsonl line
 * by line and the others whole, so of a killed one the last line may be half;
 * copies over bad links and full disks leave worse. What is left out is counted
 * and told with its first line, and never makes a page impossible. */
#include "page/run.h"

#include "base/file.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static int within(const struct page_run *r, const char *name, char *path,
		  size_t size, struct fl_err *err)
{
	return fl_join(path, size, r->folder, name, err);
}

static void note(struct page_run *r, const struct fl_err *why)
{
	fl_str_addf(&r->notes, "%s\n", why->text);
}

/* Steps and evaluations are told apart by what they have. */
static bool take_line(struct page_run *r, const char *line, size_t len)
{
	struct fl_err why = FL_ERR_INIT;
	struct json *o = json_parse(line, len, "metrics.jsonl", &why);
	int64_t step;
	bool fits = json_int(json_get(o, "step"), &step);

	if (fits)
		numbers_add(json_get(o, "ap") ? &r->scores : &r->steps, o);
	json_free(o);
	return fits;
}

static void take_lines(struct page_run *r, const char *at, size_t size)
{
	const char *end = at + size;
	long number = 0, bad = 0, first = 0;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		number++;
		if (len > 0 && !take_line(r, at, len) && bad++ == 0)
			first = number;
		at += len + 1;
	}
	numbers_settle(&r->steps, "step");
	numbers_settle(&r->scores, "step");
	if (bad)
		fl_str_addf(&r->notes,
			    "metrics.jsonl: %ld of %ld lines are not whole and "
			    "left out (the first is line %ld)\n",
			    bad, number, first);
}

static int read_metrics(struct page_run *r, bool *there, struct fl_err *err)
{
	char path[PATH_MAX];
	struct fl_map map;
	int rc = within(r, "metrics.jsonl", path, sizeof(path), err);

	if (rc != 0 || !fl_exists(path))
		return rc;
	*there = true;
	rc = fl_map_open(&map, path, err);
	if (rc != 0)
		return rc;
	take_lines(r, (const char *)map.data, map.size);
	return fl_map_end(&map, path, rc, err);
}

static int read_json(struct page_run *r, const char *name, struct json **out,
		     bool *there, struct fl_err *err)
{
	char path[PATH_MAX];
	struct fl_err why = FL_ERR_INIT;
	int rc = within(r, name, path, sizeof(path), err);

	if (rc != 0 || !fl_exists(path))
		return rc;
	*there = true;
	*out = json_read(path, &why);
	if (!*out)
		note(r, &why);
	return 0;
}

static int read_recipe(struct page_run *r, bool *there, struct fl_err *err)
{
	char path[PATH_MAX];
	struct fl_err why = FL_ERR_INIT;
	struct yaml *tree = NULL;
	int rc = within(r, "config.yml", path, sizeof(path), err);

	if (rc != 0 || !fl_exists(path))
		return rc;
	*there = true;
	if (yaml_read(path, &r->arena, &tree, &why) != 0)
		note(r, &why);
	r->recipe = tree;
	return 0;
}

/* "output/my/" is called "my", "." by the folder that it is. */
static int name_run(struct page_run *r, const char *folder, struct fl_err *err)
{
	char whole[PATH_MAX];

	if (!fl_is_dir(folder))
		return fl_fail(err, FL_EDATA,
			       fl_exists(folder)
				       ? "'%s' is a file, but a run is a folder"
				       : "there is no folder '%s'",
			       folder);
	if (!realpath(folder, whole))
		return fl_fail(err, FL_EIO, "cannot open '%s': %s", folder,
			       strerror(errno));
	memcpy(r->folder, whole, sizeof(whole));
	r->name = fl_base_name(r->folder);
	return 0;
}

int page_run_open(struct page_run *r, const char *folder, struct fl_err *err)
{
	bool there = false;
	int rc;

	*r = (struct page_run){ .name = "" };
	rc = name_run(r, folder, err);
	if (rc == 0)
		rc = read_metrics(r, &there, err);
	if (rc == 0)
		rc = read_json(r, "report.json", &r->facts, &there, err);
	if (rc == 0)
		rc = read_json(r, "summary.json", &r->summary, &there, err);
	if (rc == 0)
		rc = read_recipe(r, &there, err);
	if (rc == 0 && !there)
		rc = fl_fail(err, FL_EDATA,
			     "'%s' is no folder of a run: it has no "
			     "metrics.jsonl, report.json, summary.json or "
			     "config.yml",
			     folder);
	if (rc != 0)
		page_run_release(r);
	return rc;
}

void page_run_release(struct page_run *r)
{
	numbers_release(&r->steps);
	numbers_release(&r->scores);
	json_free(r->facts);
	json_free(r->summary);
	fl_arena_release(&r->arena);
	fl_str_release(&r->notes);
	*r = (struct page_run){ .name = "" };
}

int page_run_best(const struct page_run *r)
{
	const double *ap = numbers_get(&r->scores, "ap");
	int best = -1;

	for (size_t i = 0; ap && i < r->scores.rows; i++)
		if (ap[i] >= 0 && (best < 0 || ap[i] >= ap[best]))
			best = (int)i;
	return best;
}

/* run.c - what a run's folder says, as far as it can be read.
 *
 * page.c opens every run of a page first; who follows a run reads on from where
 * it was, for there may be thousands of lines. A training writes metrics.jsonl
 * line by line and the others whole, so of a killed one the last line may be
 * half; copies over bad links and full disks leave worse. What is left out is
 * counted and told with its first line, and never makes a page impossible. */
#include "page/run.h"

#include "base/file.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *const file_names[PAGE_FILES] = {
	[PAGE_METRICS] = "metrics.jsonl",
	[PAGE_FACTS] = "report.json",
	[PAGE_SUMMARY] = "summary.json",
	[PAGE_RECIPE] = "config.yml",
};

static void note(struct page_file *f, const char *why)
{
	snprintf(f->note, sizeof(f->note), "%s", why);
}

/* --- metrics.jsonl --- */

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

static void take_lines(struct page_run *r, const char *all, size_t size)
{
	const char *at = all + r->passed, *end = all + size;

	while (at < end) {
		const char *stop = memchr(at, '\n', (size_t)(end - at));
		size_t len = (size_t)((stop ? stop : end) - at);

		if (!stop && r->follows)
			break;
		r->lines++;
		if (len > 0 && !take_line(r, at, len) && r->bad++ == 0)
			r->first = r->lines;
		at = stop ? stop + 1 : end;
	}
	r->passed = (size_t)(at - all);
	numbers_settle(&r->steps, "step");
	numbers_settle(&r->scores, "step");
	if (r->bad)
		snprintf(r->files[PAGE_METRICS].note,
			 sizeof(r->files[PAGE_METRICS].note),
			 "metrics.jsonl: %ld of %ld lines are not whole and "
			 "left out (the first is line %ld)",
			 r->bad, r->lines, r->first);
}

static void forget_metrics(struct page_run *r)
{
	numbers_release(&r->steps);
	numbers_release(&r->scores);
	r->passed = 0;
	r->lines = r->bad = r->first = 0;
}

/* again: it is another file than before, or shorter. */
static int read_metrics(struct page_run *r, const char *path, bool again,
			struct fl_err *err)
{
	struct fl_map map;
	int rc = fl_map_open(&map, path, err);

	if (rc != 0)
		return rc;
	if (again || map.size < r->passed)
		forget_metrics(r);
	take_lines(r, (const char *)map.data, map.size);
	return fl_map_end(&map, path, rc, err);
}

/* --- the files that are written whole --- */

static void read_json(struct page_file *f, const char *path, struct json **out)
{
	struct fl_err why = FL_ERR_INIT;

	json_free(*out);
	*out = json_read(path, &why);
	if (!*out)
		note(f, why.text);
}

static void read_recipe(struct page_run *r, const char *path)
{
	struct fl_err why = FL_ERR_INIT;
	struct yaml *tree = NULL;

	r->recipe = NULL;
	fl_arena_release(&r->arena);
	if (yaml_read(path, &r->arena, &tree, &why) != 0)
		note(&r->files[PAGE_RECIPE], why.text);
	r->recipe = tree;
}

/* --- all of them --- */

static int read_file(struct page_run *r, enum page_file_index which,
		     const char *path, bool again, struct fl_err *err)
{
	r->files[which].note[0] = '\0';
	switch (which) {
	case PAGE_METRICS:
		return read_metrics(r, path, again, err);
	case PAGE_FACTS:
		read_json(&r->files[which], path, &r->facts);
		return 0;
	case PAGE_SUMMARY:
		read_json(&r->files[which], path, &r->summary);
		return 0;
	default:
		read_recipe(r, path);
		return 0;
	}
}

static void forget_file(struct page_run *r, enum page_file_index which)
{
	r->files[which] = (struct page_file){ .there = false };
	if (which == PAGE_METRICS)
		forget_metrics(r);
	if (which == PAGE_FACTS) {
		json_free(r->facts);
		r->facts = NULL;
	}
	if (which == PAGE_SUMMARY) {
		json_free(r->summary);
		r->summary = NULL;
	}
	if (which == PAGE_RECIPE)
		r->recipe = NULL;
}

/* 1: it is new, changed or gone. */
static int update_file(struct page_run *r, enum page_file_index which,
		       struct fl_err *err)
{
	struct page_file *f = &r->files[which];
	char path[PATH_MAX];
	struct stat st;
	int rc = fl_join(path, sizeof(path), r->folder, file_names[which], err);
	bool again;

	if (rc != 0)
		return rc;
	if (stat(path, &st) != 0) {
		bool was = f->there;

		forget_file(r, which);
		return was;
	}
	again = !f->there || st.st_dev != f->device || st.st_ino != f->number;
	if (!again && st.st_size == f->size &&
	    st.st_mtim.tv_sec == f->changed.tv_sec &&
	    st.st_mtim.tv_nsec == f->changed.tv_nsec)
		return 0;
	rc = read_file(r, which, path, again, err);
	if (rc != 0)
		return rc;
	f->there = true;
	f->device = st.st_dev;
	f->number = st.st_ino;
	f->size = st.st_size;
	f->changed = st.st_mtim;
	return 1;
}

int page_run_update(struct page_run *r, struct fl_err *err)
{
	bool any = false;

	for (int i = 0; i < PAGE_FILES; i++) {
		int rc = update_file(r, i, err);

		if (rc < 0)
			return rc;
		any = any || rc > 0;
	}
	fl_str_clear(&r->notes);
	for (int i = 0; i < PAGE_FILES; i++)
		if (*r->files[i].note)
			fl_str_addf(&r->notes, "%s\n", r->files[i].note);
	return any;
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

static int begin(struct page_run *r, const char *folder, bool follows,
		 struct fl_err *err)
{
	int rc;

	*r = (struct page_run){ .name = "", .follows = follows };
	rc = name_run(r, folder, err);
	if (rc == 0)
		rc = page_run_update(r, err);
	if (rc < 0)
		page_run_release(r);
	return rc < 0 ? rc : 0;
}

int page_run_open(struct page_run *r, const char *folder, struct fl_err *err)
{
	bool there = false;
	int rc = begin(r, folder, false, err);

	if (rc != 0)
		return rc;
	for (int i = 0; i < PAGE_FILES; i++)
		there = there || r->files[i].there;
	if (there)
		return 0;
	page_run_release(r);
	return fl_fail(err, FL_EDATA,
		       "'%s' is no folder of a run: it has no metrics.jsonl, "
		       "report.json, summary.json or config.yml",
		       folder);
}

int page_run_follow(struct page_run *r, const char *folder, struct fl_err *err)
{
	return begin(r, folder, true, err);
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

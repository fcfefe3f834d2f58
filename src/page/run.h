/* run.h - a run's folder, as a page reads it, once or as it grows.
 *
 *     metrics.jsonl   curves and scores (report/metrics.c)
 *     report.json     what is known while the run is at work and stands in no
 *                     other file (report/facts.c)
 *     summary.json    how it ended
 *     config.yml      the effective recipe
 *
 * A file that is missing, cut off or broken leaves its part of the page empty and
 * a sentence in notes; only a folder without any of them is refused.
 *
 * Ownership: the struct owns all; release frees it.
 */
#ifndef FL_PAGE_RUN_H
#define FL_PAGE_RUN_H

#include "base/arena.h"
#include "base/err.h"
#include "page/numbers.h"
#include "text/yaml.h"

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>
#include <time.h>

enum page_file_index {
	PAGE_METRICS,
	PAGE_FACTS,
	PAGE_SUMMARY,
	PAGE_RECIPE,
	PAGE_FILES
};

/* A file as it was when it was read last. */
struct page_file {
	bool there;
	dev_t device;
	ino_t number;
	off_t size;
	struct timespec changed;
	char note[512]; /* what could not be read of it; "": nothing */
};

struct page_run {
	char folder[PATH_MAX];
	const char *name; /* the folder's, in folder */
	struct numbers steps, scores;
	struct json *facts, *summary; /* NULL: not there */
	struct fl_arena arena;
	const struct yaml *recipe; /* NULL: not there */
	struct fl_str notes;	   /* lines */
	/* What an update goes on from. */
	bool follows; /* a last line without its end is being written */
	struct page_file files[PAGE_FILES];
	size_t passed;		/* bytes of metrics.jsonl */
	long lines, bad, first; /* its lines, those left out, the first one */
};

/* FL_EDATA where the folder holds no run, FL_EIO where it cannot be read. */
int page_run_open(struct page_run *run, const char *folder, struct fl_err *err);
/* The same of a run at work, whose folder may be empty yet: page_run_update()
 * reads what is new in it, of metrics.jsonl the new lines alone, and returns 1
 * where there was anything, else 0. After an error the run is as it was opened and
 * may be updated again. */
int page_run_follow(struct page_run *run, const char *folder,
		    struct fl_err *err);
int page_run_update(struct page_run *run, struct fl_err *err);
void page_run_release(struct page_run *run);
/* The row of the highest 'ap' in scores, the last of equal ones; -1: none. */
int page_run_best(const struct page_run *run);

#endif

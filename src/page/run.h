/* run.h - a run's folder, as a page reads it.
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

struct page_run {
	char folder[PATH_MAX];
	const char *name; /* the folder's, in folder */
	struct numbers steps, scores;
	struct json *facts, *summary; /* NULL: not there */
	struct fl_arena arena;
	const struct yaml *recipe; /* NULL: not there */
	struct fl_str notes;	   /* lines */
};

/* FL_EDATA where the folder holds no run, FL_EIO where it cannot be read. */
int page_run_open(struct page_run *run, const char *folder, struct fl_err *err);
void page_run_release(struct page_run *run);
/* The row of the highest 'ap' in scores, the last of equal ones; -1: none. */
int page_run_best(const struct page_run *run);

#endif

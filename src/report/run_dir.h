/* run_dir.h - the folder of a run: where it is, what was there before, and the
 * summary at its end.
 */
#ifndef FL_REPORT_RUN_DIR_H
#define FL_REPORT_RUN_DIR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* save_dir/<name>, or save_dir alone where it ends with <name> already. */
int run_dir_path(const char *save_dir, const char *name, char *buf, size_t size,
		 struct fl_err *err);
/* Make the folder. Where it holds anything and the run does not resume, the
 * old one is moved to <path>.<n> first, and one line says so. */
int run_dir_open(const char *path, bool resume, struct fl_err *err);

struct run_summary {
	const char *status; /* "done", "stopped", "failed" */
	int world_size, epochs;
	int64_t steps;
	double images_per_s, seconds;
	double ap, ap50, best_ap; /* -1: not measured */
	const char *weights;
	int bad_images, restarts;
};

/* <dir>/summary.json, whole or not at all. */
int run_dir_summary(const char *dir, const struct run_summary *summary,
		    struct fl_err *err);

#endif

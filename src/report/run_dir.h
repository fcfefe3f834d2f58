/* run_dir.h - the folder of a run: where it is, whose it is, what was there
 * before, and the summary at its end.
 *
 * It belongs to one job at a time, from before anything is read until the end
 * (base/owner.h). Up to the first step nothing in it is touched, so that a start
 * that fails leaves the last run where it is; an empty folder that was made for
 * it goes again.
 *
 *     run_dir_claim()     FL_EUSAGE with the name of whoever has it
 *     run_dir_begin()     after the first step: an old run moves away
 *     run_dir_leave()
 */
#ifndef FL_REPORT_RUN_DIR_H
#define FL_REPORT_RUN_DIR_H

#include "base/err.h"
#include "base/owner.h"

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct run_dir {
	char path[PATH_MAX];
	char job[128]; /* AGENT_JOB_VARIABLE; "": this process is the job */
	int made;      /* folders by us, this one and those above it */
	bool begun;    /* it holds this run */
	struct fl_owner owner;
};

/* save_dir/<name>, or save_dir alone where it ends with <name> already. */
int run_dir_name(struct run_dir *dir, const char *save_dir, const char *name,
		 struct fl_err *err);
/* job may be NULL. */
int run_dir_claim(struct run_dir *dir, const char *job, struct fl_err *err);
/* from: the checkpoint that the run goes on with, "" for none. again: the job
 * was started before, perhaps here. Where the folder holds another run than
 * these it moves to <path>.<n>, and one line says so. */
int run_dir_begin(struct run_dir *dir, const char *from, bool again,
		  struct fl_err *err);
/* Of a folder that was named; nothing where none was claimed. */
void run_dir_leave(struct run_dir *dir);

struct run_summary {
	const char *status; /* "done", "stopped", "failed" */
	const char
		*ended_by; /* "epochs", "patience", "max_time", "signal"... */
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

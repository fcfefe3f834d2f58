/* calibrate.h - the model's constants of this machine, measured, and their file.
 *
 * Ownership: none. Threads: the main thread; steps use the compute threads.
 */
#ifndef FL_COST_CALIBRATE_H
#define FL_COST_CALIBRATE_H

#include "comm/comm.h"
#include "cost/machine.h"
#include "device/device.h"

/* One step that was timed, by what it is made of (cost/work.h). */
#define COST_TERMS 5
struct cost_point {
	double terms[COST_TERMS];
	double seconds;
	double fitted; /* what the constants make of it */
};

/* Constants of terms that are not negative, with the least sum of squared relative
 * errors. Pure. Tests call it. */
void cost_fit(struct cost_point *points, int count, double out[COST_TERMS]);

/* Times steps of PP-YOLOE of several sizes, and a loader, and over more than one
 * rank the sums (all ranks call it); fills the record's members of m. said is told
 * each point in a line. About a minute. */
int cost_calibrate(struct dev *dev, struct comm *comm, struct cost_machine *m,
		   void (*said)(const char *line), struct fl_err *err);

/* The file of this user where path is NULL. Reading one that is not there leaves m
 * as it is, unless path names it: FL_EIO, FL_EDATA. */
int cost_calibration_read(const char *path, struct cost_machine *m,
			  struct fl_err *err);
/* *where gets the path that was written. */
int cost_calibration_write(const char *path, const struct cost_machine *m,
			   char *where, size_t size, struct fl_err *err);

#endif

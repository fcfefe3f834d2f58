/* scratch.h - private folders of a job, removed at its end; those that a
 * killed fleetrun left are swept at the next start. */
#ifndef FL_LAUNCH_SCRATCH_H
#define FL_LAUNCH_SCRATCH_H

#include "base/err.h"

struct launch_scratch {
	char folder[256], shm[256];
	/* held while we live: a folder without a holder is swept */
	int lock, shm_lock;
};

/* log_dir: where nothing else can be written. */
int scratch_open(struct launch_scratch *s, const char *log_dir,
		 struct fl_err *err);
void scratch_close(struct launch_scratch *s);

#endif

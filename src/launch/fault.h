/* fault.h - the first fault of a job, in words and as fault.json. */
#ifndef FL_LAUNCH_FAULT_H
#define FL_LAUNCH_FAULT_H

#include "launch/trainer.h"

/* What the first trainer that failed did, what it last said, and what the
 * others were at. why: a sentence where the exit status does not tell it. */
void fault_report(const struct launch_plan *plan,
		  const struct trainer *trainers, int first, const char *why,
		  const char *log_dir);

#endif

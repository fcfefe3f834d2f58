/* fleet.h - a job over all machines, from this agent's start to its end. */
#ifndef FL_LAUNCH_FLEET_H
#define FL_LAUNCH_FLEET_H

#include "launch/plan/plan.h"

/* Run the job to its end. Returns its exit status, the same on every machine:
 * 0, the first failing trainer's own, 128 + signal, 130 or 143 after a signal
 * of the user's, or one of base/err.h. */
int launch_run(const struct launch_options *options,
	       const struct launch_plan *plan);

#endif

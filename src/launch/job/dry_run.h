/* dry_run.h - --dry_run: what would be started here, and how the same is done
 * by other launchers. Threads: the main thread. */
#ifndef FL_LAUNCH_DRY_RUN_H
#define FL_LAUNCH_DRY_RUN_H

#include "launch/plan/plan.h"

/* On standard output. */
void launch_print_plan(const struct launch_options *options,
		       const struct launch_plan *plan);

#endif

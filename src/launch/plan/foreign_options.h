/* foreign_options.h - options of other launchers on fleetrun's line.
 *
 * People bring lines of paddle.distributed.launch and torchrun. What says the
 * same here is taken, what means nothing here is taken with a word, and what
 * would be another job is refused with the cure.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_FOREIGN_OPTIONS_H
#define FL_LAUNCH_FOREIGN_OPTIONS_H

#include "launch/plan/plan.h"

/* Those that mean nothing here, or ask for what is not there (foreign_rows.c). */
extern const struct option_foreign foreign_options[];
extern const char launch_no_elastic[];

/* Before the plan: fills what the options say in other words. FL_EUSAGE. */
int foreign_options_settle(struct launch_options *options, struct fl_err *err);
/* With the plan: does its list of machines agree? FL_EUSAGE. */
int foreign_options_check(const struct launch_options *options,
			  const struct launch_plan *plan, struct fl_err *err);
/* A line for each that was given and means nothing here. */
void foreign_options_tell(const struct option_table *table,
			  const struct launch_options *options);
/* What settling made, and the lists of the options. */
void foreign_options_release(struct launch_options *options);

#endif

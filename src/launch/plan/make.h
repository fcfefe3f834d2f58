/* make.h - from a command line to a plan.
 *
 * Ownership: a plan owns its lists and borrows the options' texts.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_MAKE_H
#define FL_LAUNCH_MAKE_H

#include "launch/plan/plan.h"

/* Options and program to a plan; FL_EUSAGE with a sentence. argv is the
 * program's, argc > 0. With plan->line the plan is good for launch_refuse() though
 * it failed. */
int launch_make_plan(const struct launch_options *options, int argc,
		     char **argv, struct launch_plan *plan, struct fl_err *err);
void launch_release_plan(struct launch_plan *plan);

/* Which file runs for PROGRAM, and a line that says so (program.c). self: this
 * binary. */
int launch_choose_program(const char *self, int argc, char **argv,
			  struct launch_plan *plan, struct fl_err *err);
/* How many GPUs have a file in the folder ("/dev"), as far as visible (the value of
 * CUDA_VISIBLE_DEVICES, or NULL) lets programs see them. */
int launch_gpus(const char *folder, const char *visible);
/* Is there a GPU on this machine? */
bool launch_has_gpu(void);

#endif

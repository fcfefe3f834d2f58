/* sinks.h - all sinks of a run, told as one.
 *
 * What several of them show is computed here, once: the numbers of the last
 * log_iter steps and the time to come. They are called in the order of their
 * rows; the first that fails ends the call.
 *
 * Only rank 0 opens sinks. Threads: the training thread.
 */
#ifndef FL_REPORT_SINKS_H
#define FL_REPORT_SINKS_H

#include "report/sink.h"

/* Those of SINK_LIST, ended by NULL. */
extern const struct sink *const run_sinks[];

struct sinks;

/* rows: ended by NULL; borrowed, as what run points to. */
int sinks_open(const struct sink *const *rows, const struct sink_run *run,
	       struct sinks **out, struct fl_err *err);
/* NULL is fine. */
void sinks_close(struct sinks *sinks);

/* The numbers of a step, in every step the same names in the same order. One of
 * them is of SINK_SPEED: its value is the step's seconds, and what the sinks
 * get of it are images of the job a second. */
struct sinks_step {
	int64_t step;
	int epoch, step_in_epoch;
	const struct sink_number *numbers;
	int count;
};
int sinks_step(struct sinks *sinks, const struct sinks_step *step,
	       struct fl_err *err);
int sinks_batch(struct sinks *sinks, const struct sink_batch *batch,
		struct fl_err *err);
/* result->seconds are counted in the time to come. */
int sinks_evaluated(struct sinks *sinks,
		    const struct sink_evaluation *evaluation,
		    struct fl_err *err);
int sinks_saved(struct sinks *sinks, const char *path, int64_t step,
		struct fl_err *err);

/* Images per second of the whole job, over all steps so far; NULL has none. */
double sinks_images_per_s(const struct sinks *sinks);

#endif

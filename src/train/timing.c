/* timing.c - steps for the clock.
 *
 * The same run_open() and run_step() as of a training, so that what is timed is
 * what a training does: real pictures, the recipe's weights, all of an update.
 * No epoch ends here: there is no checkpoint, no evaluation and no folder.
 */
#include "train/timing.h"

#include "base/clock.h"
#include "train/run_priv.h"
#include "train/options.h"

static int steps_until(struct run *r, int steps, double end, struct fl_err *err)
{
	int rc = run_ready(r, err);

	while (rc == 0 && r->place.step < steps &&
	       r->place.epoch < run_options(r->recipe)->epoch) {
		rc = run_step(r, err);
		if (fl_now_s() >= end || run_end_asked(r))
			break;
	}
	return rc;
}

int train_time_steps(const struct recipe *recipe, struct dev *dev,
		     struct comm *comm, int steps, double seconds,
		     const struct train_events *events, struct fl_err *err)
{
	const struct train_options options = { .run_dir = NULL };
	const struct train_events told = { .ctx = events->ctx,
					   .ready = events->ready,
					   .stepped = events->stepped,
					   .phase = events->phase };
	struct train_summary summary = { 0 };
	struct run r = { .recipe = recipe,
			 .dev = dev,
			 .comm = comm,
			 .options = &options,
			 .events = &told,
			 .summary = &summary };
	int rc = run_open(&r, err);

	if (rc == 0)
		rc = steps_until(&r, steps, fl_now_s() + seconds, err);
	if (rc == 0)
		rc = run_report_bad(&r, err);
	run_close(&r);
	return rc;
}

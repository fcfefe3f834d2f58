/* ending.c - when a run ends before its last epoch: a request, the clock, patience.
 *
 * Requests and the clock are this rank's wish, which run_step() tells all with the
 * step's own sum; so all ranks turn off at the same place. Patience is judged by
 * rank 0, which alone has the scores, after each of them. The clock is rank 0's too:
 * before each step it asks whether, after that step, a checkpoint and a score would
 * still be in time. What they take is what they took; before the first evaluation a
 * picture is counted as half of one of training, which has a backward and an update
 * besides its forward.
 */
#include "train/run_priv.h"

#include "base/clock.h"
#include "train/options.h"

#include <stdatomic.h>

/* Set by another thread, read once a step. */
static atomic_bool stop_requested, wind_up_requested;

void train_request_stop(void)
{
	atomic_store(&stop_requested, true);
}

void train_request_wind_up(void)
{
	atomic_store(&wind_up_requested, true);
}

/* The longest of late: sizes are drawn, and a slow step may come again. */
void run_ending_stepped(struct run *r, double seconds)
{
	double late = 0.98 * r->ending.step_s;

	r->ending.step_s = seconds > late ? seconds : late;
}

#define DISK_BYTES_PER_S \
	200e6	    /* of a checkpoint, before the first is written */
#define LEAVE_S 1.0 /* to close what is open */

/* Seconds from before a step to an orderly end after it. */
static double time_to_end(const struct run *r)
{
	const struct run_ending *e = &r->ending;
	double save = e->save_s, eval = 0;

	if (save == 0)
		save = (double)r->engine.net.state.slab.bytes /
		       DISK_BYTES_PER_S;
	if (r->options->eval)
		eval = e->eval_s > 0 ? 1.1 * e->eval_s
				     : 0.5 * e->step_s / r->global *
					       r->evaluator.data.count;
	/* One checkpoint before the score and two after it: that of the place
	 * again, and the best one. */
	return e->step_s + 3 * save + eval + LEAVE_S;
}

static bool time_is_up(const struct run *r)
{
	return r->options->until > 0 &&
	       fl_now_s() + time_to_end(r) >= r->options->until;
}

enum engine_wish run_wish(const struct run *r)
{
	if (atomic_load(&stop_requested))
		return ENGINE_STOP;
	if (atomic_load(&wind_up_requested))
		return ENGINE_WIND_UP;
	return r->comm->rank == 0 && time_is_up(r) ? ENGINE_TIME_UP
						   : ENGINE_GO_ON;
}

bool run_end_asked(const struct run *r)
{
	const int *n = r->engine.wishes;

	return n[ENGINE_STOP] || n[ENGINE_WIND_UP] || n[ENGINE_TIME_UP];
}

enum train_end run_ended_by(const struct run *r)
{
	const int *n = r->engine.wishes;

	return n[ENGINE_STOP] || n[ENGINE_WIND_UP] ? TRAIN_END_SIGNAL
						   : TRAIN_END_TIME;
}

/* Of rank 0, after a score. */
static enum train_end judge(const struct run *r)
{
	int patience = run_options(r->recipe)->patience;

	if (r->place.epoch >= run_options(r->recipe)->epoch)
		return TRAIN_END_EPOCHS;
	if (patience > 0 && r->place.epoch - r->place.best_epoch >= patience)
		return TRAIN_END_PATIENCE;
	return time_is_up(r) ? TRAIN_END_TIME : TRAIN_END_EPOCHS;
}

int run_settle_end(struct run *r, enum train_end *end, struct fl_err *err)
{
	double sum = r->comm->rank == 0 ? (double)judge(r) : 0;
	int rc = comm_sum_doubles(r->comm, &sum, 1, err);

	*end = (enum train_end)(int)sum;
	return rc;
}

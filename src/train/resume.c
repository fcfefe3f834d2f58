/* resume.c - how a run goes on with a checkpoint of another run.
 *
 * resume_batch() is asked before anything is planned, for the plans and the
 * learning rate depend on the images of a step; resume_place() when the
 * checkpoint is loaded and the steps of an epoch are known.
 */
#include "train/resume.h"

#include "base/log.h"
#include "ckpt/locate.h"
#include "optim/schedule.h"
#include "data/options.h"

#include <limits.h>
#include <string.h>

/* The steps stay as they were: only who takes their images has changed. *out:
 * ranks by which the batch is multiplied, those of the checkpoint. */
static int share_out(const struct checkpoint_origin *was, int ranks,
		     const struct recipe *r, const struct resume_options *o,
		     int *out, struct fl_err *err)
{
	int64_t images = was->ranks * was->batch_size;

	/* A rank without an image in a step has nothing to send. */
	if (images < o->world)
		return fl_fail(
			err, FL_ERECIPE,
			"the checkpoint was made with %lld images a step, too few for %d ranks: "
			"start at most %lld, or take %d images a step from now on with --new_batch",
			(long long)images, o->world, (long long)images,
			ranks * data_options(r)->train_reader.batch_size);
	/* Else ranks were lost, of which passes.c speaks. */
	if (o->job_ranks == 0 || o->job_ranks == o->world)
		fl_info("the steps of the checkpoint are those of %lld %s of batch %lld: the %d %s "
			"out the same %lld images a step (--new_batch would take %d)",
			(long long)was->ranks,
			fl_plural(was->ranks, "rank", "ranks"),
			(long long)was->batch_size, o->world,
			fl_plural(o->world, "rank here shares",
				  "ranks here share"),
			(long long)images,
			ranks * data_options(r)->train_reader.batch_size);
	*out = (int)was->ranks;
	return 0;
}

int resume_batch(const struct recipe *r, const struct resume_options *o,
		 int *out, struct fl_err *err)
{
	/* Those that the job began with count, not those that are left. */
	int ranks = o->job_ranks > 0 ? o->job_ranks : o->world;
	int64_t here =
		(int64_t)ranks * data_options(r)->train_reader.batch_size;
	struct checkpoint_origin was;
	char path[PATH_MAX];
	int rc = locate_weights(o->from, path, sizeof(path), err);

	if (rc == 0)
		rc = checkpoint_read_origin(path, &was, err);
	if (rc != 0)
		return rc;
	if (*was.recipe && strcmp(was.recipe, r->filename) != 0)
		fl_info("the checkpoint was made by the recipe '%s', this is '%s'",
			was.recipe, r->filename);
	*out = ranks;
	/* The file does not say, or nothing has changed. */
	if (was.ranks * was.batch_size == 0 ||
	    was.ranks * was.batch_size == here)
		return 0;
	if (o->new_batch) {
		fl_info("the checkpoint was made with %lld images a step, this run takes %lld: "
			"its schedule goes on by epochs",
			(long long)(was.ranks * was.batch_size),
			(long long)here);
		return 0;
	}
	/* Only the number of ranks differs, so what is meant is clear. */
	if (was.batch_size == data_options(r)->train_reader.batch_size)
		return share_out(&was, ranks, r, o, out, err);
	return fl_fail(
		err, FL_ERECIPE,
		"'%s' was trained with %lld images a step (%lld %s of %lld), this run has %lld; "
		"to keep its steps set TrainReader.batch_size=%lld, with any number of ranks up to %lld; "
		"to take %lld images a step from now on, by epochs, use --new_batch",
		path, (long long)(was.ranks * was.batch_size),
		(long long)was.ranks, fl_plural(was.ranks, "rank", "ranks"),
		(long long)was.batch_size, (long long)here,
		(long long)was.batch_size,
		(long long)(was.ranks * was.batch_size), (long long)here);
}

void resume_place(struct train_place *at, const struct recipe *r, int steps)
{
	int was = at->steps_per_epoch;
	double rate = at->lr;

	if (steps <= 0) /* the loader says that there are too few images */
		return;
	at->steps_per_epoch = steps;
	/* The same share of the epoch, in steps of the new length: some
	 * pictures may come again in this epoch, or not at all. */
	if (was > 0 && was != steps)
		at->step_in_epoch =
			(int)((int64_t)at->step_in_epoch * steps / was);
	else if (at->step_in_epoch >= steps)
		at->step_in_epoch = steps - 1;
	at->lr = schedule_lr(schedule_options(r), steps, train_position(at));
	if (was > 0 && was != steps)
		fl_info("an epoch had %d steps and has %d now: going on with step %d of epoch %d; "
			"the learning rate there is %g, it would have been %g",
			was, steps, at->step_in_epoch, at->epoch, at->lr, rate);
}

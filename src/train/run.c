/* run.c - a training opened in the order in which it may fail cheaply.
 *
 * Data first, since most mistakes are there; the shares of the ranks before the
 * model; plans before weights, because weights load into the plans' state; the
 * loader last, because its threads begin to decode at once. A step tells its
 * phases to the agent, so that a stall has a name, and counts as done only when
 * the events have taken it.
 */
#include "train/run_priv.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/log.h"
#include "base/par.h"
#include "ckpt/locate.h"
#include "optim/schedule.h"
#include "train/resume.h"
#include "detect/kernels.h"
#include "detect/weights.h"
#include "data/options.h"
#include "family/family.h"
#include "train/options.h"

#include <limits.h>
#include <stdio.h>

void run_phase(const struct run *r, const char *what)
{
	if (r->events->phase)
		r->events->phase(r->events->ctx, r->place.step, what);
}

int run_ready(struct run *r, struct fl_err *err)
{
	if (!r->events->ready)
		return 0;
	return r->events->ready(r->events->ctx, &r->engine, &r->place, &r->data,
				err);
}

/* Once, before the first thing that the run writes: only then are its folder
 * and its event files touched, so that a run that fails early leaves an older
 * one as it was. */
int run_begin_writing(struct run *r, struct fl_err *err)
{
	if (r->writing)
		return 0;
	r->writing = true;
	if (r->comm->rank != 0 || !r->events->writing)
		return 0;
	return r->events->writing(r->events->ctx, &r->engine, &r->place,
				  r->summary->weights, err);
}

static int open_engine(struct run *r, int passes, struct fl_err *err)
{
	struct plan_key keys[RUN_MOST_PLANS + 1];
	int count = run_plans(r, passes, keys), rc;
	double start = fl_now_s();

	if (r->options->eval)
		/* Evaluations share the slab, since they never run beside a
		 * step. */
		keys[count++] = evaluator_plan(
			r->recipe, &data_options(r->recipe)->eval_reader);
	rc = engine_open(&r->engine, r->recipe, r->model, r->dev, r->comm, keys,
			 count, err);
	if (rc == 0)
		rc = engine_set_passes(&r->engine, passes, err);
	/* A checkpoint names the ranks of the batch. */
	r->engine.batch_ranks = r->batch_ranks;
	/* And the classes, which belong to the run. */
	r->engine.net.classes = &r->classes;
	if (rc == 0)
		fl_info("%d %s made in %.1f s; %.0f MiB of state, %.0f MiB "
			"of activations, %.0f MiB of workspace, %d %s on '%s'",
			r->engine.net.plans.count,
			fl_plural(r->engine.net.plans.count, "plan", "plans"),
			fl_now_s() - start,
			(double)r->engine.net.state.slab.bytes / 0x1p20,
			(double)r->engine.net.plans.activation_bytes / 0x1p20,
			(double)r->engine.net.plans.workspace_bytes / 0x1p20,
			fl_par_threads(),
			fl_plural(fl_par_threads(), "thread", "threads"),
			r->dev->device->name);
	if (rc == 0)
		kernels_log(r->dev);
	return rc;
}

static int steps_of_epoch(const struct run *r)
{
	return sampler_share_steps(data_options(r->recipe)->sampler,
				   r->data.count, r->comm->world, r->global);
}

/* The place is the start of epoch 0 unless a checkpoint says otherwise;
 * pretrain_weights counts only where nothing is resumed, as in the
 * reference. */
static int load_start(struct run *r, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	r->place = (struct train_place){ .best_ap = -1,
					 .evaluated = -1,
					 .steps_per_epoch = steps_of_epoch(r) };
	if (!r->options->resume)
		return *run_options(r->recipe)->pretrain_weights
			       ? weights_load(&r->engine.net,
					      run_options(r->recipe)
						      ->pretrain_weights,
					      false, err)
			       : 0;
	rc = locate_weights(r->options->resume, path, sizeof(path), err);
	if (rc == 0)
		rc = checkpoint_load(&r->engine, &r->place, path, err);
	if (rc != 0)
		return rc;
	resume_place(&r->place, r->recipe, steps_of_epoch(r));
	/* A finished run is scored again: its summary needs the numbers. */
	if (r->place.epoch == run_options(r->recipe)->epoch)
		r->place.evaluated = -1;
	snprintf(r->summary->weights, sizeof(r->summary->weights), "%s", path);
	fl_info("resumed from %s: epoch %d, step %lld", path, r->place.epoch,
		(long long)r->place.step);
	return 0;
}

static int threads_of(const struct recipe *r)
{
	return data_options(r)->worker_num > 0 ? data_options(r)->worker_num
					       : fl_cores();
}

int run_open(struct run *r, struct fl_err *err)
{
	int passes;
	int rc = dataset_open(&data_options(r->recipe)->train,
			      r->recipe->num_classes, &r->data, err);

	if (rc != 0)
		/* Whatever is open by now, run_close() closes: it is called
		 * after a failure too. */
		return fl_context(err, "TrainDataset");
	bad_images_init(&r->bad, r->data.count);
	r->classes = dataset_classes(&r->data, "TrainDataset");
	if (r->options->eval)
		rc = evaluator_open(&r->evaluator, r->recipe, &r->classes,
				    r->comm, err);
	if (rc == 0)
		rc = run_share_out(r, err);
	if (rc == 0)
		rc = family_model(r->recipe, &r->model, err);
	if (rc == 0)
		rc = run_choose_passes(r, &passes, err);
	if (rc == 0)
		rc = open_engine(r, passes, err);
	if (rc == 0)
		rc = load_start(r, err);
	if (rc == 0)
		rc = loader_open_train(r->recipe, &r->data, r->comm->rank,
				       r->comm->world, r->global,
				       threads_of(r->recipe), r->place.epoch,
				       r->place.step_in_epoch,
				       &r->options->tapes, &r->loader, err);
	return rc;
}

void run_close(struct run *r)
{
	loader_close(r->loader);
	engine_close(&r->engine);
	family_model_free(r->model);
	evaluator_close(&r->evaluator);
	bad_images_release(&r->bad);
	dataset_close(&r->data);
}

/* By name, field by field: both structs may grow. */
static struct engine_batch engine_batch_of(const struct batch *b)
{
	return (struct engine_batch){ .n = b->n,
				      .h = b->h,
				      .w = b->w,
				      .image = b->image,
				      .most = b->most,
				      .boxes = b->boxes,
				      .labels = b->labels,
				      .counts = b->counts };
}

static int tell_step(struct run *r, const struct batch *b,
		     const struct train_step_info *info, struct fl_err *err)
{
	const struct train_events *e = r->events;
	int rc = 0;

	if (r->comm->rank != 0)
		return 0;
	if (e->batch && r->shown++ < TRAIN_SHOWN_BATCHES)
		rc = e->batch(e->ctx, &r->place, b, &r->data, err);
	if (rc == 0 && e->stepped)
		rc = e->stepped(e->ctx, info, err);
	return rc;
}

int run_step(struct run *r, struct fl_err *err)
{
	struct train_step_info info = { .place = r->place };
	double start = fl_now_s();
	struct engine_batch eb;
	struct batch *b;
	int rc;

	run_phase(r, "data");
	rc = loader_next(r->loader, &b, &info.data_s, err);
	if (rc != 0)
		return rc;
	if (!b) {
		/* A replayed record of draws is at its end. */
		r->summary->end = TRAIN_END_REPLAY;
		return 0;
	}
	/* Loader and place count apart; if they parted, a resume would see
	 * other pictures. */
	FL_ASSERT(b->epoch == r->place.epoch &&
		  b->step == r->place.step_in_epoch);
	eb = engine_batch_of(b);
	info.lr = schedule_lr(schedule_options(r->recipe),
			      r->place.steps_per_epoch,
			      train_position(&r->place));
	run_phase(r, "step");
	rc = engine_step(&r->engine, &eb, r->place.epoch, info.lr, run_wish(r),
			 &info.result, err);
	if (rc != 0)
		return rc;
	info.batch_s = fl_now_s() - start;
	run_ending_stepped(r, info.batch_s);
	agent_link_step(info.batch_s, info.data_s,
			info.result.comm.wait_s + info.result.sums_s +
				info.result.times.sync_bn);
	/* Only after a step that worked: until then a record of draws that was
	 * there before stays. */
	rc = loader_begin_record(r->loader, err);
	if (rc == 0)
		rc = run_begin_writing(r, err);
	if (rc == 0)
		rc = tell_step(r, b, &info, err);
	/* Also where telling failed: the weights are a step further. */
	r->place.step++;
	if (++r->place.step_in_epoch == r->place.steps_per_epoch) {
		r->place.step_in_epoch = 0;
		r->place.epoch++;
	}
	r->place.lr = schedule_lr(schedule_options(r->recipe),
				  r->place.steps_per_epoch,
				  train_position(&r->place));
	return rc;
}

int run_report_bad(struct run *r, struct fl_err *err)
{
	int rc = bad_images_report(&r->bad, r->loader, r->comm,
				   "the next good image takes its place", err);

	r->summary->bad_images = r->bad.count;
	return rc;
}

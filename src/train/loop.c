#include "train/loop.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/par.h"
#include "ckpt/locate.h"
#include "optim/schedule.h"
#include "detect/bad_images.h"
#include "train/resume.h"
#include "train/snapshot.h"
#include "detect/weights.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

static volatile sig_atomic_t stop_requested;

void train_request_stop(void)
{
	stop_requested = 1;
}

struct run {
	const struct recipe *recipe;
	struct dev *dev;
	struct comm *comm;
	const struct train_options *options;
	const struct train_events *events;
	struct train_summary *summary;
	struct model *model;
	struct dataset data;
	struct class_list classes; /* data's, which become the model's */
	struct loader *loader;
	struct bad_images bad;
	struct evaluator evaluator;
	struct engine engine;
	struct train_place place;
	struct snapshot *snapshot; /* NULL: none are asked for */
	int batch_ranks, global;   /* images of a step, of all ranks */
	bool writing;		   /* a step is done, or an old run scored */
};

static void phase(const struct run *r, const char *what)
{
	r->events->phase(r->events->ctx, r->place.step, what);
}

/* Before this nothing is written: a start that fails must leave what was there
 * as it was. */
static int begin_writing(struct run *r, struct fl_err *err)
{
	if (r->writing)
		return 0;
	r->writing = true;
	if (r->comm->rank != 0 || !r->events->writing)
		return 0;
	return r->events->writing(r->events->ctx, &r->engine, &r->place,
				  r->summary->weights, err);
}

/* A plan for every image size of training, whose batch may be taken in passes
 * of two sizes, and the one of evaluation. */
static int open_engine(struct run *r, int passes, struct fl_err *err)
{
	struct plan_key keys[2 * RECIPE_MAX_SIZES + 1];
	const struct recipe_reader *reader = &r->recipe->train_reader;
	int sizes = reader->random_size ? reader->size_count : 1, count = 0;
	int share = loader_share(r->comm->rank, r->comm->world, r->global);
	double start = fl_now_s();
	int rc;

	for (int i = 0; i < sizes; i++)
		for (int up = 0; up <= (share % passes != 0); up++)
			keys[count++] = plan_key_make(
				PLAN_TRAIN, DTYPE_F32, share / passes + up,
				reader->sizes[i][0], reader->sizes[i][1]);
	if (r->options->eval)
		keys[count++] = evaluator_plan(&r->recipe->eval_reader);
	rc = engine_open(&r->engine, r->recipe, r->model, r->dev, r->comm, keys,
			 count, err);
	if (rc == 0)
		rc = engine_set_passes(&r->engine, passes, err);
	r->engine.batch_ranks = r->batch_ranks;
	r->engine.net.classes = &r->classes;
	if (rc == 0)
		fl_info("%d plans made in %.1f s; %.0f MiB of state, %.0f MiB "
			"of activations, %.0f MiB of workspace, %d threads on '%s'",
			r->engine.net.plans.count, fl_now_s() - start,
			(double)r->engine.net.state.slab.bytes / 0x1p20,
			(double)r->engine.net.plans.activation_bytes / 0x1p20,
			(double)r->engine.net.plans.workspace_bytes / 0x1p20,
			fl_par_threads(), r->dev->device->name);
	return rc;
}

static int steps_of_epoch(const struct run *r)
{
	return sampler_share_steps(r->recipe->sampler, r->data.count,
				   r->comm->world, r->global);
}

static int load_start(struct run *r, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	r->place = (struct train_place){ .best_ap = -1,
					 .evaluated = -1,
					 .steps_per_epoch = steps_of_epoch(r) };
	if (!r->options->resume)
		return *r->recipe->pretrain_weights
			       ? weights_load(&r->engine.net,
					      r->recipe->pretrain_weights,
					      false, err)
			       : 0;
	rc = locate_weights(r->options->resume, path, sizeof(path), err);
	if (rc == 0)
		rc = checkpoint_load(&r->engine, &r->place, path, err);
	if (rc != 0)
		return rc;
	resume_place(&r->place, r->recipe, steps_of_epoch(r));
	/* A finished run is scored again: its summary needs the numbers. */
	if (r->place.epoch == r->recipe->epoch)
		r->place.evaluated = -1;
	snprintf(r->summary->weights, sizeof(r->summary->weights), "%s", path);
	fl_info("resumed from %s: epoch %d, step %lld", path, r->place.epoch,
		(long long)r->place.step);
	return 0;
}

static int threads_of(const struct recipe *r)
{
	return r->worker_num > 0 ? r->worker_num : fl_cores();
}

/* Uneven shares are right only where every sum runs over all images: of batch
 * statistics and of losses. */
static int check_shares(struct run *r, struct fl_err *err)
{
	int asked = r->options->batch_ranks;

	r->batch_ranks = asked > 0 ? asked : r->comm->world;
	r->global = r->batch_ranks * r->recipe->train_reader.batch_size;
	if (r->batch_ranks == r->comm->world)
		return 0;
	if (!r->recipe->shared_size)
		return fl_fail(
			err, FL_ERECIPE,
			"the %d images a step of %d ranks can be dealt to %d ranks only with shared_size: true",
			r->global, r->batch_ranks, r->comm->world);
	if (r->options->lost_ranks)
		fl_info("the run began with %d ranks: the %d that are left take the same %d images a step",
			r->batch_ranks, r->comm->world, r->global);
	return 0;
}

/* Bytes that activations may take; INT64_MAX: all they want. */
static int64_t memory_limit(const struct run *r)
{
	int64_t room;
	int here = r->options->local_ranks;

	if (r->recipe->memory_limit > 0)
		return (int64_t)r->recipe->memory_limit << 20;
	room = fl_memory_free();
	return room == INT64_MAX ? room : room / (here > 0 ? here : 1);
}

static struct plan_key largest_plan(const struct run *r, int passes)
{
	const struct recipe_reader *reader = &r->recipe->train_reader;
	int count = reader->random_size ? reader->size_count : 1, best = 0;
	int share = loader_share(r->comm->rank, r->comm->world, r->global);

	for (int i = 1; i < count; i++)
		if (reader->sizes[i][0] * reader->sizes[i][1] >
		    reader->sizes[best][0] * reader->sizes[best][1])
			best = i;
	return plan_key_make(PLAN_TRAIN, DTYPE_F32,
			     (share + passes - 1) / passes,
			     reader->sizes[best][0], reader->sizes[best][1]);
}

/* The fewest passes in which the batch fits the memory of every rank. A run is
 * the same bit for bit only if that is no matter of the moment: without a stated
 * limit we look only where ranks were lost. */
static int choose_passes(struct run *r, int *passes, struct fl_err *err)
{
	int64_t limit;
	int most = r->global / r->comm->world, rc = 0;
	size_t bytes = 0;
	double over = 1;

	*passes = 1;
	if (r->recipe->memory_limit == 0 && r->batch_ranks == r->comm->world)
		return 0;
	limit = memory_limit(r);
	for (; rc == 0; ++*passes) {
		struct plan_key key = largest_plan(r, *passes);

		if (limit < INT64_MAX)
			rc = plans_measure(r->model->graph, r->dev, &key,
					   &bytes, err);
		over = bytes > (size_t)limit;
		if (rc == 0)
			rc = comm_sum_doubles(r->comm, &over, 1, err);
		if (rc != 0 || over == 0 || *passes >= most)
			break;
	}
	if (rc == 0 && over > 0)
		return fl_fail(
			err, FL_ERECIPE,
			"even in %d passes a step needs more memory than it may have "
			"(here %.0f MiB, of %.0f): raise memory_limit, make room, or take smaller images",
			*passes, (double)bytes / 0x1p20,
			(double)limit / 0x1p20);
	if (rc == 0 && *passes > 1)
		fl_info("the memory allows %d of the %d images of this rank at a time: "
			"each step takes %d passes, with batch statistics of their own",
			largest_plan(r, *passes).batch,
			largest_plan(r, 1).batch, *passes);
	return rc;
}

static int open_run(struct run *r, struct fl_err *err)
{
	int passes;
	int rc = dataset_open(&r->recipe->train, r->recipe->num_classes,
			      &r->data, err);

	if (rc != 0)
		return fl_context(err, "TrainDataset");
	bad_images_init(&r->bad, r->data.count);
	r->classes = dataset_classes(&r->data, "TrainDataset");
	if (r->options->eval)
		rc = evaluator_open(&r->evaluator, r->recipe, &r->classes,
				    r->comm, err);
	if (rc == 0)
		rc = check_shares(r, err);
	if (rc == 0)
		rc = model_new(r->recipe, &r->model, err);
	if (rc == 0)
		rc = choose_passes(r, &passes, err);
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
	if (rc == 0 && r->recipe->snapshot_steps > 0 && r->comm->rank == 0 &&
	    r->options->steps == 0)
		rc = snapshot_open(&r->engine, r->options->run_dir,
				   &r->snapshot, err);
	return rc;
}

static void close_run(struct run *r)
{
	snapshot_close(r->snapshot);
	loader_close(r->loader);
	engine_close(&r->engine);
	model_free(r->model);
	evaluator_close(&r->evaluator);
	bad_images_release(&r->bad);
	dataset_close(&r->data);
}

/* Tell of a snapshot that has become whole; one that failed ends the run, as
 * any checkpoint would. */
static int take_snapshot(struct run *r, bool wait, struct fl_err *err)
{
	char path[PATH_MAX];
	int64_t step;
	int rc = snapshot_done(r->snapshot, wait, path, sizeof(path), &step,
			       err);

	if (rc < 0)
		return fl_context(err, "checkpoint");
	if (rc > 0) {
		snprintf(r->summary->weights, sizeof(r->summary->weights), "%s",
			 path);
		r->events->saved(r->events->ctx, path, step);
	}
	return 0;
}

/* Rank 0 writes; the others go on and meet it in the next collective. */
static int save(struct run *r, const char *name, struct fl_err *err)
{
	char file[64], path[PATH_MAX];
	int rc;

	if (r->comm->rank != 0)
		return 0;
	phase(r, "checkpoint");
	rc = begin_writing(r, err);
	if (rc != 0)
		return rc;
	rc = take_snapshot(r, true, err); /* in the order of their steps */
	if (rc != 0)
		return rc;
	snprintf(file, sizeof(file), "%s.safetensors", name);
	rc = fl_join(path, sizeof(path), r->options->run_dir, file, err);
	if (rc == 0)
		rc = network_fetch(&r->engine.net, state_saved(), err);
	if (rc == 0) {
		struct checkpoint_content c =
			checkpoint_of(&r->engine, &r->place);

		rc = checkpoint_save(&c, path, err);
	}
	if (rc != 0)
		return fl_context(err, "checkpoint");
	snprintf(r->summary->weights, sizeof(r->summary->weights), "%s", path);
	fl_info("Save checkpoint: %s", path);
	checkpoint_rotate(r->options->run_dir, r->recipe->keep_checkpoints);
	r->events->saved(r->events->ctx, path, r->place.step);
	return 0;
}

static int evaluate(struct run *r, struct fl_err *err)
{
	struct evaluation ev;
	char newest[sizeof(r->summary->weights)];
	bool best;
	int rc;

	rc = begin_writing(r, err);
	if (rc != 0)
		return rc;
	phase(r, "eval");
	engine_use_average(&r->engine);
	rc = evaluator_run(&r->evaluator, &r->engine.net, &ev, NULL, err);
	r->place.evaluated = r->place.step;
	if (rc != 0 || r->comm->rank != 0)
		return rc;
	/* of equal ones the later, as the reference */
	best = ev.coco.stats[COCO_AP] >= r->place.best_ap;
	if (best)
		r->place.best_ap = ev.coco.stats[COCO_AP];
	r->summary->ap = ev.coco.stats[COCO_AP];
	r->summary->ap50 = ev.coco.stats[COCO_AP50];
	r->summary->best_ap = r->place.best_ap;
	rc = r->events->evaluated(r->events->ctx, &r->place, &ev, best, err);
	coco_result_release(&ev.coco);
	if (rc == 0 && best) {
		memcpy(newest, r->summary->weights, sizeof(newest));
		rc = save(r, "best_model", err);
		memcpy(r->summary->weights, newest, sizeof(newest));
	}
	return rc;
}

/* Does a snapshot stand here, after an epoch's last step? */
static bool at_snapshot(const struct run *r)
{
	int done = r->place.epoch;

	if (r->options->steps > 0)
		return false;
	return done == r->recipe->epoch ||
	       done % r->recipe->snapshot_epoch == 0;
}

static int save_epoch(struct run *r, struct fl_err *err)
{
	bool last = r->place.epoch == r->recipe->epoch;
	char name[32];

	snprintf(name, sizeof(name), "%d", r->place.epoch - 1);
	return save(r, last ? "model_final" : name, err);
}

/* After the last step of an epoch; place is at the next one's start. */
static int end_epoch(struct run *r, struct fl_err *err)
{
	int rc;

	if (!at_snapshot(r))
		return 0;
	rc = save_epoch(r, err);
	if (rc == 0 && r->options->eval)
		rc = evaluate(r, err);
	return rc;
}

/* A run that ended between a checkpoint and its evaluation is evaluated when it
 * is resumed: no snapshot stays without its score. */
static int make_up_evaluation(struct run *r, struct fl_err *err)
{
	if (!r->options->eval || r->place.epoch == 0 ||
	    r->place.step_in_epoch != 0 || !at_snapshot(r) ||
	    r->place.evaluated == r->place.step)
		return 0;
	return evaluate(r, err);
}

static int stop_here(struct run *r, struct fl_err *err)
{
	char name[32];

	snprintf(name, sizeof(name), "step_%lld", (long long)r->place.step);
	fl_info("%s: writing a checkpoint after step %lld",
		r->summary->stopped ? "asked to stop"
				    : "the record of draws ends here",
		(long long)r->place.step);
	return save(r, name, err);
}

static int one_step(struct run *r, struct fl_err *err)
{
	struct train_step_info info = { .place = r->place };
	double start = fl_now_s();
	struct engine_batch eb;
	struct batch *b;
	int rc;

	phase(r, "data");
	rc = loader_next(r->loader, &b, &info.data_s, err);
	if (rc != 0)
		return rc;
	r->summary->replay_ended = !b;
	if (!b)
		return 0;
	FL_ASSERT(b->epoch == r->place.epoch &&
		  b->step == r->place.step_in_epoch);
	eb = (struct engine_batch){ b->n,    b->h,     b->w,	  b->image,
				    b->most, b->boxes, b->labels, b->counts };
	info.lr = schedule_lr(r->recipe, r->place.steps_per_epoch,
			      train_position(&r->place));
	phase(r, "step");
	rc = engine_step(&r->engine, &eb, r->place.epoch, info.lr,
			 stop_requested != 0, &info.result, err);
	if (rc != 0)
		return rc;
	info.batch_s = fl_now_s() - start;
	agent_link_step(info.batch_s, info.data_s,
			info.result.comm.wait_s + info.result.sums_s +
				info.result.times.sync_bn);
	rc = loader_begin_record(r->loader, err);
	if (rc == 0)
		rc = begin_writing(r, err);
	if (rc == 0 && r->comm->rank == 0)
		rc = r->events->stepped(r->events->ctx, &info, err);
	r->place.step++;
	if (++r->place.step_in_epoch == r->place.steps_per_epoch) {
		r->place.step_in_epoch = 0;
		r->place.epoch++;
	}
	r->place.lr = schedule_lr(r->recipe, r->place.steps_per_epoch,
				  train_position(&r->place));
	return rc;
}

static int report_bad(struct run *r, struct fl_err *err)
{
	int rc = bad_images_report(&r->bad, r->loader, r->comm,
				   "the next good image takes its place", err);

	r->summary->bad_images = r->bad.count;
	return rc;
}

/* Between epochs, so many steps apart. */
static int snapshot_turn(struct run *r, struct fl_err *err)
{
	int rc;

	if (!r->snapshot)
		return 0;
	rc = take_snapshot(r, false, err);
	if (rc == 0 && r->place.step_in_epoch != 0 &&
	    r->place.step % r->recipe->snapshot_steps == 0)
		snapshot_begin(r->snapshot, &r->engine, &r->place);
	return rc;
}

/* Of a run that was resumed. */
static void say_finished(const struct run *r)
{
	const char *from = r->summary->weights;
	int done = r->place.epoch, epochs = r->recipe->epoch;

	if (done == epochs)
		fl_info("the run is finished: %s has done all %d epochs, and no step is left to train; "
			"to go on, give it more, as -o epoch=%d, and with CosineDecay its max_epochs",
			from, done, 2 * done);
	else
		fl_info("%s has done %d epochs, and the recipe has %d: no step is left to train; "
			"to go on, give it more than %d with -o epoch=N",
			from, done, epochs, done);
}

static int start(struct run *r, struct fl_err *err)
{
	int rc = r->events->ready(r->events->ctx, &r->engine, &r->place,
				  &r->data, err);

	if (rc == 0 && r->comm->rank == 0 && r->events->started)
		rc = r->events->started(r->events->ctx, &r->engine, &r->place,
					&r->data, err);
	/* The disk of the run may be another one than before. */
	if (rc == 0 && r->options->again && r->place.epoch > 0 &&
	    r->place.step_in_epoch == 0 && at_snapshot(r))
		rc = save_epoch(r, err);
	if (rc == 0 && r->place.epoch >= r->recipe->epoch)
		say_finished(r);
	return rc == 0 ? make_up_evaluation(r, err) : rc;
}

static bool timed_enough(const struct run *r, int64_t first, double began)
{
	const struct train_options *o = r->options;

	return o->steps > 0 &&
	       (r->place.step - first >= o->steps ||
		fl_now_s() - began >= o->steps_s || r->engine.stop > 0);
}

static int train(struct run *r, struct fl_err *err)
{
	int rc = start(r, err);
	int64_t first = r->place.step;
	double began = fl_now_s();

	while (rc == 0 && r->place.epoch < r->recipe->epoch) {
		rc = one_step(r, err);
		if (timed_enough(r, first, began))
			return rc;
		if (rc == 0 && r->summary->replay_ended)
			return stop_here(r, err);
		if (rc == 0 &&
		    r->place.step_in_epoch % r->recipe->log_iter == 0)
			rc = report_bad(r, err);
		if (rc == 0 && r->place.step_in_epoch == 0)
			rc = end_epoch(r, err);
		if (rc == 0)
			rc = snapshot_turn(r, err);
		if (rc == 0 && r->engine.stop > 0 &&
		    r->place.epoch < r->recipe->epoch) {
			r->summary->stopped = true;
			return stop_here(r, err);
		}
	}
	return rc;
}

int train_run(const struct recipe *recipe, struct dev *dev, struct comm *comm,
	      const struct train_options *options,
	      const struct train_events *events, struct train_summary *summary,
	      struct fl_err *err)
{
	struct run r = { .recipe = recipe,
			 .dev = dev,
			 .comm = comm,
			 .options = options,
			 .events = events,
			 .summary = summary };
	int rc;

	*summary =
		(struct train_summary){ .ap = -1, .ap50 = -1, .best_ap = -1 };
	rc = open_run(&r, err);
	if (rc == 0)
		rc = train(&r, err);
	if (rc == 0)
		rc = report_bad(&r, err);
	summary->steps = r.place.step;
	summary->epochs = r.place.epoch;
	close_run(&r);
	return rc;
}

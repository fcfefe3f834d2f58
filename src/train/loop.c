/* loop.c - a run through its epochs, from where it stands to where it ends.
 *
 * After each step, in this order: bad pictures are named (they may explain what
 * follows), an epoch that is done is saved and scored, a snapshot is taken, and
 * only then a wish to stop counts. So a run never stops between an epoch's last
 * step and its checkpoint, and all ranks, who learn of the wish in the same
 * step, turn off at the same place. A score comes after the checkpoint it
 * belongs to: a run that dies in an evaluation makes it up when it goes on.
 */
#include "train/loop.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "train/run_priv.h"
#include "train/snapshot.h"
#include "train/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Events are the command's (cmd/train_watch.c); a run without a listener is
 * fine. */
static int tell_saved(const struct run *r, const char *path, int64_t step,
		      struct fl_err *err)
{
	if (!r->events->saved)
		return 0;
	return r->events->saved(r->events->ctx, path, step, err);
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
		return tell_saved(r, path, step, err);
	}
	return 0;
}

static int write_checkpoint(struct run *r, const char *name,
			    char path[PATH_MAX], struct fl_err *err)
{
	double start = fl_now_s();
	char file[64];
	int rc;

	snprintf(file, sizeof(file), "%s.safetensors", name);
	rc = fl_join(path, PATH_MAX, r->options->run_dir, file, err);
	if (rc == 0)
		/* The device's rows into the host's mirror, which the file is
		 * written from. */
		rc = network_fetch(&r->engine.net, state_saved(), err);
	if (rc == 0) {
		struct checkpoint_content c =
			checkpoint_of(&r->engine, &r->place);

		rc = checkpoint_save(&c, path, err);
	}
	r->ending.save_s = fl_now_s() - start;
	return rc == 0 ? 0 : fl_context(err, "checkpoint");
}

/* Rank 0 writes; the others go on and meet it in the next collective. */
static int save(struct run *r, const char *name, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc;

	if (r->comm->rank != 0)
		return 0;
	run_phase(r, "checkpoint");
	rc = run_begin_writing(r, err);
	if (rc != 0)
		return rc;
	rc = take_snapshot(r, true, err); /* in the order of their steps */
	if (rc == 0)
		rc = write_checkpoint(r, name, path, err);
	if (rc != 0)
		return rc;
	snprintf(r->summary->weights, sizeof(r->summary->weights), "%s", path);
	fl_info("Save checkpoint: %s", path);
	/* After the new one is whole, never before. */
	checkpoint_rotate(r->options->run_dir,
			  run_options(r->recipe)->keep_checkpoints);
	return tell_saved(r, path, r->place.step, err);
}

/* The score's consequences: it is told, and the best one is kept. */
static int take_score(struct run *r, const struct evaluation *ev,
		      const struct coco_detection *detections,
		      struct fl_err *err)
{
	char newest[sizeof(r->summary->weights)];
	double ap = ev->coco.stats[COCO_AP];
	bool best = ap >= r->place.best_ap; /* the later of equal ones, as the
					       reference */
	int rc = 0;

	/* An AP that stands still is no better one for patience. */
	if (ap > r->place.best_ap)
		r->place.best_epoch = r->place.epoch;
	if (best)
		r->place.best_ap = ap;
	r->summary->ap = ap;
	r->summary->ap50 = ev->coco.stats[COCO_AP50];
	r->summary->best_ap = r->place.best_ap;
	if (r->events->evaluated)
		rc = r->events->evaluated(r->events->ctx, &r->place,
					  &r->evaluator, ev, detections, best,
					  err);
	if (rc == 0 && best) {
		/* best_model is a copy: the run goes on with the newest file,
		 * which the summary names. */
		memcpy(newest, r->summary->weights, sizeof(newest));
		rc = save(r, "best_model", err);
		memcpy(r->summary->weights, newest, sizeof(newest));
	}
	return rc;
}

static int evaluate(struct run *r, struct fl_err *err)
{
	struct evaluation ev;
	struct coco_detection *detections = NULL;
	double start = fl_now_s();
	int rc = run_begin_writing(r, err);

	if (rc != 0)
		return rc;
	run_phase(r, "eval");
	engine_use_average(&r->engine);
	/* All ranks share the pictures out; rank 0 gets the score. */
	rc = evaluator_run(&r->evaluator, &r->engine.net, &ev, &detections,
			   err);
	/* On every rank alike, and before best_model is written, which holds
	 * it. */
	r->place.evaluated = r->place.step;
	if (rc == 0 && r->comm->rank == 0) {
		rc = take_score(r, &ev, detections, err);
		coco_result_release(&ev.coco);
	}
	free(detections);
	r->ending.eval_s = fl_now_s() - start;
	return rc;
}

/* Of an epoch that is done; the score may be the run's end. */
static int score_epoch(struct run *r, struct fl_err *err)
{
	int rc = evaluate(r, err);

	return rc == 0 ? run_settle_end(r, &r->summary->end, err) : rc;
}

/* Does a snapshot stand here, after an epoch's last step? */
static bool at_snapshot(const struct run *r)
{
	int done = r->place.epoch;

	return done == run_options(r->recipe)->epoch ||
	       done % run_options(r->recipe)->snapshot_epoch == 0;
}

static int save_epoch(struct run *r, struct fl_err *err)
{
	bool last = r->place.epoch == run_options(r->recipe)->epoch;
	char name[32];

	/* Counted from 0, as the reference names its files: the epoch that is
	 * done. */
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
		rc = score_epoch(r, err);
	return rc;
}

/* A run that ended between a checkpoint and its evaluation is evaluated when it
 * is resumed: no snapshot stays without its score. */
static int make_up_evaluation(struct run *r, struct fl_err *err)
{
	if (!r->options->eval || r->place.epoch == 0 ||
	    r->place.step_in_epoch != 0 || !at_snapshot(r))
		return 0;
	/* Out of patience then is out of patience now. */
	if (r->place.evaluated == r->place.step)
		return run_settle_end(r, &r->summary->end, err);
	return score_epoch(r, err);
}

/* A score that belongs to no epoch's end: the checkpoint is written before it,
 * in case there is no time, and after it, so that the run goes on from there
 * with what is now the best. */
static int score_here(struct run *r, const char *name, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = evaluate(r, err);

	if (rc != 0 || r->comm->rank != 0)
		return rc;
	return write_checkpoint(r, name, path, err);
}

static int stop_here(struct run *r, bool score, struct fl_err *err)
{
	static const char *const why[] = {
		[TRAIN_END_TIME] = "the time is nearly up",
		[TRAIN_END_SIGNAL] = "asked to stop",
		[TRAIN_END_REPLAY] = "the record of draws ends here",
	};
	char name[32];
	int rc;

	score = score && r->options->eval &&
		r->place.evaluated != r->place.step;
	snprintf(name, sizeof(name), "step_%lld", (long long)r->place.step);
	fl_info("%s: writing a checkpoint%s after step %lld",
		why[r->summary->end], score ? " and scoring it" : "",
		(long long)r->place.step);
	rc = save(r, name, err);
	return rc == 0 && score ? score_here(r, name, err) : rc;
}

/* The folder then holds what it holds after a run of all epochs. */
static int end_by_patience(struct run *r, struct fl_err *err)
{
	fl_info("no AP above %.3f since epoch %d, %d epochs ago: the run ends here (patience: %d)",
		r->place.best_ap, r->place.best_epoch,
		r->place.epoch - r->place.best_epoch,
		run_options(r->recipe)->patience);
	return save(r, "model_final", err);
}

/* After a step, or before the first. */
static int end_early(struct run *r, struct fl_err *err)
{
	if (r->summary->end == TRAIN_END_PATIENCE)
		return end_by_patience(r, err);
	return stop_here(r, r->engine.wishes[ENGINE_STOP] == 0, err);
}

/* Between epochs, so many steps apart. */
static int snapshot_turn(struct run *r, struct fl_err *err)
{
	int rc;

	if (!r->snapshot)
		return 0;
	rc = take_snapshot(r, false, err);
	/* At an epoch's end the checkpoint of the epoch has the same state. */
	if (rc == 0 && r->place.step_in_epoch != 0 &&
	    r->place.step % run_options(r->recipe)->snapshot_steps == 0)
		snapshot_begin(r->snapshot, &r->engine, &r->place);
	return rc;
}

/* Of a run that was resumed. */
static void say_finished(const struct run *r)
{
	const char *from = r->summary->weights;
	int done = r->place.epoch, epochs = run_options(r->recipe)->epoch;

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
	int rc = run_ready(r, err);

	if (rc == 0 && r->comm->rank == 0 && r->events->started)
		rc = r->events->started(r->events->ctx, &r->engine, &r->place,
					&r->data, err);
	/* The disk of the run may be another one than before. */
	if (rc == 0 && r->options->again && r->place.epoch > 0 &&
	    r->place.step_in_epoch == 0 && at_snapshot(r))
		rc = save_epoch(r, err);
	if (rc == 0 && r->place.epoch >= run_options(r->recipe)->epoch)
		say_finished(r);
	return rc == 0 ? make_up_evaluation(r, err) : rc;
}

static int train(struct run *r, struct fl_err *err)
{
	int rc = start(r, err);

	/* rc is the same on every rank but where one fails alone; then its end
	 * ends the job. */
	while (rc == 0 && r->place.epoch < run_options(r->recipe)->epoch) {
		if (r->summary->end != TRAIN_END_EPOCHS)
			return end_early(r, err);
		rc = run_step(r, err);
		if (rc == 0 && r->summary->end == TRAIN_END_REPLAY)
			return stop_here(r, false, err);
		if (rc == 0 &&
		    r->place.step_in_epoch % run_options(r->recipe)->log_iter ==
			    0)
			rc = run_report_bad(r, err);
		if (rc == 0 && r->place.step_in_epoch == 0)
			rc = end_epoch(r, err);
		if (rc == 0)
			rc = snapshot_turn(r, err);
		/* Patience goes before: its run is done. */
		if (rc == 0 && run_end_asked(r) &&
		    r->place.epoch < run_options(r->recipe)->epoch &&
		    r->summary->end != TRAIN_END_PATIENCE)
			r->summary->end = run_ended_by(r);
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
	rc = run_open(&r, err);
	if (rc == 0 && run_options(recipe)->snapshot_steps > 0 &&
	    comm->rank == 0)
		rc = snapshot_open(&r.engine, options->run_dir, &r.snapshot,
				   err);
	if (rc == 0)
		rc = train(&r, err);
	if (rc == 0)
		rc = run_report_bad(&r, err);
	summary->steps = r.place.step;
	summary->epochs = r.place.epoch;
	/* Waits for a file that is being written, which reads the engine's
	 * options. */
	snapshot_close(r.snapshot);
	run_close(&r);
	return rc;
}

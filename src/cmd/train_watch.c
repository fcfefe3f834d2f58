/* train_watch.c - what train/loop.h tells, passed on to whom it concerns.
 *
 * In the order of a run: on every rank 'ready' has the agent compare the facts
 * of all ranks; then, on rank 0, nothing is written before the first step is
 * done ('writing'), which makes the folder this run's and opens its outputs. So
 * a start that fails leaves the last run's folder as it is. From then on every
 * event goes to the outputs, and what a fault needs to know to the agent too.
 */
#include "cmd/train_watch.h"

#include "agent/agent_link.h"
#include "base/file.h"
#include "base/log.h"
#include "cmd/train_facts.h"
#include "cmd/versions.h"
#include "data/options.h"
#include "train/options.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int on_start(void *ctx, const struct engine *engine,
		    const struct train_place *place, const struct dataset *data,
		    struct fl_err *err)
{
	const struct train_watch *w = ctx;
	const struct recipe *r = w->recipe;

	(void)engine, (void)err;
	fl_info("%d %s with %ld %s of %d %s; %d %s of batch %d, "
		"%d %s an epoch, %d %s",
		data->count, fl_plural(data->count, "image", "images"),
		data->boxes, fl_plural(data->boxes, "box", "boxes"),
		data->class_count,
		fl_plural(data->class_count, "class", "classes"),
		w->comm->world, fl_plural(w->comm->world, "rank", "ranks"),
		data_options(r)->train_reader.batch_size,
		place->steps_per_epoch,
		fl_plural(place->steps_per_epoch, "step", "steps"),
		run_options(r)->epoch,
		fl_plural(run_options(r)->epoch, "epoch", "epochs"));
	return 0;
}

static int write_in_folder(const struct train_watch *w, const char *name,
			   const char *text, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = fl_join(path, sizeof(path), w->dir->path, name, err);

	return rc == 0 ? fl_write_file(path, text, strlen(text), err) : rc;
}

/* As lines, for as long as the outputs are open. */
static char *print_versions(void)
{
	char *text = NULL;
	size_t size;
	FILE *to = open_memstream(&text, &size);

	if (!to)
		return NULL;
	versions_print(to);
	fclose(to);
	return text;
}

/* The folder becomes this run's, with its log and the effective recipe. */
static int on_writing(void *ctx, const struct engine *engine,
		      const struct train_place *place, const char *from,
		      struct fl_err *err)
{
	struct train_watch *w = ctx;
	const struct recipe *r = w->recipe;
	char path[PATH_MAX];
	struct sink_run run = {
		.folder = w->dir->path,
		.recipe = r,
		.log_iter = run_options(r)->log_iter,
		.epochs = run_options(r)->epoch,
		.steps_per_epoch = place->steps_per_epoch,
		.batch_size = data_options(r)->train_reader.batch_size,
		/* Ranks that the images of a step are for, also where fewer are
		 * here to take them: speeds and shares then stay comparable. */
		.world_size = engine->batch_ranks,
		.done = place->step,
		.done_epochs = place->epoch,
		.evaluated = place->evaluated
	};
	/* In this order: the folder is this run's, the log that was kept so far
	 * goes into it, then what the outputs may want to name. */
	int rc = run_dir_begin(w->dir, from, w->again, err);

	run.versions = w->versions = print_versions();
	if (rc == 0)
		rc = fl_join(path, sizeof(path), w->dir->path, "log.txt", err);
	if (rc == 0)
		rc = fl_log_file(path, err);
	if (rc == 0)
		rc = write_in_folder(w, "config.yml", r->effective, err);
	if (rc == 0)
		rc = sinks_open(run_sinks, &run, &w->sinks, err);
	return rc;
}

static int on_batch(void *ctx, const struct train_place *place,
		    const struct batch *batch, const struct dataset *data,
		    struct fl_err *err)
{
	const struct train_watch *w = ctx;
	struct sink_batch shown = { .step = place->step,
				    .batch = batch,
				    .data = data };

	return sinks_batch(w->sinks, &shown, err);
}

/* Every number of a step, by name: what metrics.jsonl holds, in its order. 7:
 * the rate and the six that follow the losses. */
#define MOST_NUMBERS (LOSS_MOST + 7)

static int list_numbers(const struct train_step_info *info,
			struct sink_number out[MOST_NUMBERS])
{
	const struct engine_result *r = &info->result;
	const struct sink_number others[] = {
		{ "images_per_s", SINK_SPEED, info->batch_s },
		{ "batch_s", SINK_SECONDS, info->batch_s },
		{ "data_s", SINK_SECONDS, info->data_s },
		{ "comm_s", SINK_SECONDS, r->comm.comm_s },
		{ "comm_wait_s", SINK_SECONDS, r->comm.wait_s },
		{ "sync_bn_s", SINK_SECONDS, r->times.sync_bn }
	};

	*out++ = (struct sink_number){ "lr", SINK_SETTING, info->lr };
	for (int i = 0; i < r->kind->count; i++)
		*out++ =
			(struct sink_number){ r->kind->values[i].name,
					      SINK_LOSS, (double)r->losses[i] };
	memcpy(out, others, sizeof(others));
	return 1 + r->kind->count + (int)(sizeof(others) / sizeof(others[0]));
}

static int on_step(void *ctx, const struct train_step_info *info,
		   struct fl_err *err)
{
	struct train_watch *w = ctx;
	struct sink_number numbers[MOST_NUMBERS];
	struct sinks_step s = { .step = info->place.step,
				.epoch = info->place.epoch,
				.step_in_epoch = info->place.step_in_epoch,
				.numbers = numbers,
				.count = list_numbers(info, numbers) };

	train_pace_add(&w->pace, info);
	return sinks_step(w->sinks, &s, err);
}

static int on_eval(void *ctx, const struct train_place *place,
		   const struct evaluator *evaluator,
		   const struct evaluation *ev,
		   const struct coco_detection *detections, bool best,
		   struct fl_err *err)
{
	const struct train_watch *w = ctx;
	struct sink_number scores[COCO_STATS];
	/* epoch: the one that was scored, or is at work; place is the next
	 * step's. */
	struct sink_evaluation e = { .step = place->step,
				     .epoch = place->epoch -
					      (place->step_in_epoch == 0),
				     .best = best,
				     .scores = scores,
				     .count = COCO_STATS,
				     .evaluator = evaluator,
				     .result = ev,
				     .detections = detections };

	for (int i = 0; i < COCO_STATS; i++)
		scores[i] =
			(struct sink_number){ coco_stat_names[i], SINK_SCORE,
					      ev->coco.stats[i] };
	return sinks_evaluated(w->sinks, &e, err);
}

#define AGREE_LIMIT_S 900.0 /* until the slowest machine is that far */

/* On every rank, before the first step: the same everywhere? */
static int on_ready(void *ctx, const struct engine *engine,
		    const struct train_place *place, const struct dataset *data,
		    struct fl_err *err)
{
	struct train_watch *w = ctx;
	struct train_facts facts;
	int rc;

	/* Alone, or under mpirun and srun: nobody compares. */
	if (!agent_link_is_open())
		return 0;
	train_pace_begin(&w->pace, engine,
			 w->comm->rank == 0 ? w->dir->path : NULL);
	agent_link_phase(place->step, "agreement");
	train_facts_take(&facts, w->recipe, engine, place, data);
	rc = agent_link_agree(facts.items, facts.count, AGREE_LIMIT_S, err);
	train_facts_release(&facts);
	return rc;
}

static int on_save(void *ctx, const char *path, int64_t step,
		   struct fl_err *err)
{
	const struct train_watch *w = ctx;

	/* The agent first: it may pass the file on while
	 * the outputs are at work. */
	agent_link_checkpoint(step, path);
	return sinks_saved(w->sinks, path, step, err);
}

static void on_phase(void *ctx, int64_t step, const char *what)
{
	(void)ctx;
	agent_link_phase(step, what);
}

static int pace_step(void *ctx, const struct train_step_info *info,
		     struct fl_err *err)
{
	struct train_watch *w = ctx;

	(void)err;
	train_pace_add(&w->pace, info);
	return 0;
}

struct train_events train_watch_events(struct train_watch *w)
{
	return (struct train_events){ .ctx = w,
				      .ready = on_ready,
				      .started = on_start,
				      .writing = on_writing,
				      .batch = on_batch,
				      .stepped = on_step,
				      .evaluated = on_eval,
				      .saved = on_save,
				      .phase = on_phase };
}

/* Steps for the clock have no folder: nothing is told to outputs. */
struct train_events train_watch_timing(struct train_watch *w)
{
	return (struct train_events){ .ctx = w,
				      .ready = on_ready,
				      .stepped = pace_step,
				      .phase = on_phase };
}

static const char *const ended_by[] = {
	[TRAIN_END_EPOCHS] = "epochs", [TRAIN_END_PATIENCE] = "patience",
	[TRAIN_END_TIME] = "max_time", [TRAIN_END_SIGNAL] = "signal",
	[TRAIN_END_REPLAY] = "replay",
};
/* There is more to train: scripts that start it again look at the status. */
static const bool goes_on[] = {
	[TRAIN_END_TIME] = true,
	[TRAIN_END_SIGNAL] = true,
	[TRAIN_END_REPLAY] = false,
};

static int write_summary(const struct train_watch *w,
			 const struct train_summary *s, double seconds, int rc,
			 struct fl_err *err)
{
	struct run_summary out = { .status = rc != 0	       ? "failed"
					     : goes_on[s->end] ? "stopped"
							       : "done",
				   .ended_by = rc != 0 ? "failure"
						       : ended_by[s->end],
				   .world_size = w->comm->world,
				   .epochs = s->epochs,
				   .steps = s->steps,
				   .seconds = seconds,
				   .images_per_s = sinks_images_per_s(w->sinks),
				   .ap = s->ap,
				   .ap50 = s->ap50,
				   .best_ap = s->best_ap,
				   .weights = s->weights,
				   .bad_images = s->bad_images,
				   .restarts = w->restarts };
	/* A summary that cannot be written is the error
	 * only of a run that has no other. */
	struct fl_err second = FL_ERR_INIT;
	int status;

	if (!w->dir->begun) /* not rank 0, or no step was done */
		return rc;
	status = run_dir_summary(w->dir->path, &out, &second);
	if (rc == 0 && status != 0) {
		*err = second;
		rc = status;
	}
	return rc;
}

int train_watch_end(struct train_watch *w, const struct train_summary *summary,
		    double seconds, int rc, struct fl_err *err)
{
	rc = write_summary(w, summary, seconds, rc, err);
	sinks_close(w->sinks);
	w->sinks = NULL;
	free(w->versions);
	w->versions = NULL;
	return rc;
}

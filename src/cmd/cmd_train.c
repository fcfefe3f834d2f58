/* cmd_train.c - flotilla train: one run, its folder, its log. */
#include "cmd/cmd.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/inherited.h"
#include "base/log.h"
#include "cmd/job.h"
#include "cmd/paddle_options.h"
#include "optim/schedule.h"
#include "cmd/train_batch.h"
#include "cmd/train_facts.h"
#include "cmd/train_pace.h"
#include "report/progress.h"
#include "report/run_dir.h"
#include "train/loop.h"
#include "train/resume.h"

#include <execinfo.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct args {
	struct job_args job;
	const char *resume, *record_draws, *replay_draws, *batch_size;
	bool eval, amp, new_batch;
};

static const struct option_row rows[] = {
	JOB_ROWS(args),
	{ "eval", 0, OPTION_FLAG, offsetof(struct args, eval),
	  .help = "score the model at every snapshot epoch" },
	{ "resume", 'r', OPTION_TEXT, offsetof(struct args, resume),
	  .arg = "CKPT",
	  .help = "go on from a checkpoint: file, prefix or run folder" },
	{ "batch_size", 0, OPTION_TEXT, offsetof(struct args, batch_size),
	  .arg = "N|auto",
	  .help = "images of a trainer's step (TrainReader.batch_size); auto: as "
		  "many as fit the memory" },
	{ "new_batch", 0, OPTION_FLAG, offsetof(struct args, new_batch),
	  .help = "with -r on other ranks or another batch_size: take ranks x "
		  "batch_size images a step from now on" },
	{ "amp", 0, OPTION_FLAG, offsetof(struct args, amp),
	  .help = "16-bit arithmetic where the device has it" },
	{ "record_draws", 0, OPTION_TEXT, offsetof(struct args, record_draws),
	  .arg = "FILE", .help = "write down what is random, as JSON lines" },
	{ "replay_draws", 0, OPTION_TEXT, offsetof(struct args, replay_draws),
	  .arg = "FILE",
	  .help = "draw nothing: take all from such a file, to its end" },
};

const struct option_table cmd_train_options = {
	.program = "flotilla train",
	.usage = "-c FILE [-o key=value ...] [--eval] [-r CKPT]",
	.about = "Trains a detector by a PaddleDetection recipe; ends with 0 "
		 "only if the last checkpoint\nis on disk. Alone it is one "
		 "rank; fleetrun, mpirun and srun --mpi=pmix start several.",
	.example =
		"  flotilla train -c configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml --eval\n"
		"  fleetrun --nproc_per_node 2 flotilla train -c my.yml -o epoch=12 --eval",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	PADDLE_OPTIONS(PADDLE_TRAIN),
};

/* What the callbacks of a run need. */
struct watcher {
	const struct recipe *recipe;
	const struct comm *comm;
	struct run_dir *dir; /* rank 0's business */
	bool again;	     /* this job was started before */
	struct progress *progress;
	struct train_pace pace;
};

static int on_start(void *ctx, const struct engine *engine,
		    const struct train_place *place, const struct dataset *data,
		    struct fl_err *err)
{
	const struct watcher *w = ctx;
	const struct recipe *r = w->recipe;

	(void)engine, (void)err;
	fl_info("%d images with %ld boxes of %d classes; %d ranks of batch %d, "
		"%d steps an epoch, %d epochs",
		data->count, data->boxes, data->class_count, w->comm->world,
		r->train_reader.batch_size, place->steps_per_epoch, r->epoch);
	return 0;
}

static int write_in_folder(const struct watcher *w, const char *name,
			   const char *text, struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = fl_join(path, sizeof(path), w->dir->path, name, err);

	return rc == 0 ? fl_write_file(path, text, strlen(text), err) : rc;
}

/* The folder becomes this run's, with its log and the effective recipe. */
static int on_writing(void *ctx, const struct engine *engine,
		      const struct train_place *place, const char *from,
		      struct fl_err *err)
{
	struct watcher *w = ctx;
	const struct recipe *r = w->recipe;
	char path[PATH_MAX];
	struct progress_plan plan = { .metrics_path = path,
				      .log_iter = r->log_iter,
				      .epochs = r->epoch,
				      .steps_per_epoch = place->steps_per_epoch,
				      .batch_size = r->train_reader.batch_size,
				      .world_size = engine->batch_ranks,
				      .done = place->step,
				      .evaluated = place->evaluated };
	int rc = run_dir_begin(w->dir, from, w->again, err);

	if (rc == 0)
		rc = fl_join(path, sizeof(path), w->dir->path, "log.txt", err);
	if (rc == 0)
		rc = fl_log_file(path, err);
	if (rc == 0)
		rc = write_in_folder(w, "config.yml", r->effective, err);
	if (rc == 0)
		rc = fl_join(path, sizeof(path), w->dir->path, "metrics.jsonl",
			     err);
	if (rc == 0)
		rc = progress_open(&plan, &w->progress, err);
	return rc;
}

static int on_step(void *ctx, const struct train_step_info *info,
		   struct fl_err *err)
{
	struct watcher *w = ctx;
	struct progress_step s = { .step = info->place.step,
				   .epoch = info->place.epoch,
				   .step_in_epoch = info->place.step_in_epoch,
				   .lr = info->lr,
				   .batch_s = info->batch_s,
				   .data_s = info->data_s,
				   .comm_s = info->result.comm.comm_s,
				   .comm_wait_s = info->result.comm.wait_s,
				   .sync_bn_s = info->result.times.sync_bn };

	memcpy(s.losses, info->result.losses, sizeof(s.losses));
	train_pace_add(&w->pace, info);
	return progress_step(w->progress, &s, err);
}

static int on_eval(void *ctx, const struct train_place *place,
		   const struct evaluation *ev, bool best, struct fl_err *err)
{
	struct watcher *w = ctx;
	struct progress_number numbers[COCO_STATS];
	struct fl_str text = FL_STR_INIT;

	evaluator_print(w->recipe, &ev->coco, &text);
	fputs(fl_str_get(&text), stdout);
	fl_str_release(&text);
	fl_info("Total sample number: %d, average FPS: %.2f", ev->images,
		ev->images / ev->seconds);
	if (ev->detections == 0)
		fl_warn("not one detection above score %g yet",
			w->recipe->score_threshold);
	if (best)
		fl_info("Best test bbox ap is %0.3f.", ev->coco.stats[COCO_AP]);
	for (int i = 0; i < COCO_STATS; i++)
		numbers[i] = (struct progress_number){ coco_stat_names[i],
						       ev->coco.stats[i] };
	return progress_eval(w->progress, place->step, place->epoch - 1,
			     ev->seconds, numbers, COCO_STATS, err);
}

#define AGREE_LIMIT_S 900.0 /* until the slowest machine is that far */

/* On every rank, before the first step: the same everywhere? */
static int on_ready(void *ctx, const struct engine *engine,
		    const struct train_place *place, const struct dataset *data,
		    struct fl_err *err)
{
	struct watcher *w = ctx;
	struct train_facts facts;
	int rc;

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

static void on_save(void *ctx, const char *path, int64_t step)
{
	(void)ctx;
	agent_link_checkpoint(step, path);
}

static void on_phase(void *ctx, int64_t step, const char *what)
{
	(void)ctx;
	agent_link_phase(step, what);
}

static volatile sig_atomic_t stop_signal;
static double stop_at;

/* One request comes by several ways where a scheduler signals every process and
 * the agent passes its own signal on: within a moment it counts once. A later
 * one ends the program at once; under an agent that is the agent's to judge. */
#define MOMENT_S 2.0

static void on_signal(int number)
{
	double now = fl_now_s();

	if (stop_signal) {
		if (!agent_link_is_open() && now - stop_at > MOMENT_S) {
			signal(number, SIG_DFL);
			raise(number); /* taken as the handler returns */
		}
		return;
	}
	stop_at = now;
	stop_signal = number;
	train_request_stop();
}

/* The agent asks where a stalled trainer is: the stack of the main thread goes
 * to its log. Addresses resolve with addr2line -e flotilla. */
static void on_stack(int number)
{
	void *frames[32];
	int n = backtrace(frames, 32);

	(void)number;
	backtrace_symbols_fd(frames, n, STDERR_FILENO);
}

static void catch_signals(void)
{
	static const int stops[] = { SIGINT, SIGTERM, SIGHUP };
	struct sigaction a = { .sa_handler = on_signal };
	struct sigaction stack = { .sa_handler = on_stack,
				   .sa_flags = SA_RESTART };
	void *frame;

	backtrace(&frame, 1); /* loads what a handler may not load */
	sigaction(SIGUSR2, &stack, NULL);

	a.sa_flags = SA_RESTART;
	for (size_t i = 0; i < sizeof(stops) / sizeof(stops[0]); i++)
		if (!fl_inherited_ignored(stops[i]))
			sigaction(stops[i], &a, NULL);
}

static int number_from(const char *variable)
{
	const char *text = getenv(variable);

	return text ? atoi(text) : 0;
}

static int write_summary(const struct watcher *w, const struct train_summary *s,
			 double seconds, int rc, struct fl_err *err)
{
	struct run_summary out = {
		.status = rc != 0      ? "failed"
			  : s->stopped ? "stopped"
				       : "done",
		.world_size = w->comm->world,
		.epochs = s->epochs,
		.steps = s->steps,
		.seconds = seconds,
		.images_per_s =
			w->progress ? progress_images_per_s(w->progress) : 0,
		.ap = s->ap,
		.ap50 = s->ap50,
		.best_ap = s->best_ap,
		.weights = s->weights,
		.bad_images = s->bad_images,
		.restarts = number_from(AGENT_RESTARTS_VARIABLE)
	};
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

static int pace_step(void *ctx, const struct train_step_info *info,
		     struct fl_err *err)
{
	struct watcher *w = ctx;

	(void)err;
	train_pace_add(&w->pace, info);
	return 0;
}

/* --batch_size, and what "auto" means here. */
static int settle_batch(const struct args *args, struct job *job, bool timing,
			struct fl_err *err)
{
	const char *again = getenv(AGENT_RESUME_VARIABLE);
	const char *resume = again ? again : args->resume;

	return train_settle_batch(job, &args->job,
				  timing || args->new_batch ? NULL : resume,
				  number_from(AGENT_RANKS_VARIABLE),
				  number_from("LOCAL_WORLD_SIZE"), err);
}

/* fleetrun --preflight: a few steps of this rank alone, for what it computes.
 * The run's folder is not touched. */
static int time_steps(struct job *job, struct fl_err *err)
{
	struct train_summary summary;
	struct run_dir dir = { 0 };
	struct watcher w = { .recipe = job->recipe,
			     .comm = job->comm,
			     .dir = &dir,
			     .pace.alone = true };
	struct train_events events = { .ctx = &w,
				       .ready = on_ready,
				       .stepped = pace_step,
				       .phase = on_phase };
	struct train_options options = { .steps = PACE_STEPS,
					 .steps_s = PACE_S };
	int rc = run_dir_name(&dir, job->recipe->save_dir,
			      job->recipe->filename, err);

	if (rc == 0)
		rc = train_run(job->recipe, job->dev, job->comm, &options,
			       &events, &summary, err);
	if (rc == 0)
		train_pace_end(&w.pace);
	return rc;
}

/* How many images the steps have, and the rate that fits them: both stay when
 * ranks are lost. */
static int settle_images(const struct args *args, struct job *job,
			 struct train_options *o, struct fl_err *err)
{
	struct resume_options resume = { .from = o->resume,
					 .job_ranks = number_from(
						 AGENT_RANKS_VARIABLE),
					 .world = job->comm->world,
					 .new_batch = args->new_batch };
	char line[SCHEDULE_LINE];
	int rc = 0;

	o->batch_ranks = resume.job_ranks > 0 ? resume.job_ranks : resume.world;
	o->lost_ranks = o->batch_ranks > resume.world;
	if (o->resume)
		rc = resume_batch(job->recipe, &resume, &o->batch_ranks, err);
	if (rc != 0)
		return rc;
	schedule_fit(job->recipe, o->batch_ranks, line);
	fl_info("%s", line);
	return 0;
}

static int train(const struct args *args, struct job *job, struct run_dir *dir,
		 struct fl_err *err)
{
	struct train_summary summary = { .ap = -1, .ap50 = -1, .best_ap = -1 };
	struct watcher w = { .recipe = job->recipe,
			     .comm = job->comm,
			     .dir = dir,
			     .again = number_from(AGENT_ATTEMPT_VARIABLE) > 0 };
	struct train_events events = { .ctx = &w,
				       .ready = on_ready,
				       .started = on_start,
				       .writing = on_writing,
				       .stepped = on_step,
				       .evaluated = on_eval,
				       .saved = on_save,
				       .phase = on_phase };
	/* An agent that starts us again knows the newest checkpoint. */
	const char *again = getenv(AGENT_RESUME_VARIABLE);
	struct train_options options = {
		.run_dir = w.dir->path,
		.resume = again ? again : args->resume,
		.tapes = { args->record_draws, args->replay_draws },
		.eval = args->eval,
		.local_ranks = number_from("LOCAL_WORLD_SIZE"),
		.again = again != NULL
	};
	double start = fl_now_s();
	int rc = settle_images(args, job, &options, err);

	if (rc == 0)
		rc = train_run(job->recipe, job->dev, job->comm, &options,
			       &events, &summary, err);
	rc = write_summary(&w, &summary, fl_now_s() - start, rc, err);
	progress_close(w.progress);
	if (rc == 0 && summary.stopped)
		rc = fl_fail(err, stop_signal == SIGINT ? FL_EINT : FL_ETERM,
			     "stopped as asked; go on with -r %s",
			     *summary.weights ? summary.weights : w.dir->path);
	return rc;
}

/* A folder at work is told before anything that is in it is read. */
static int claim_folder(const struct job *job, struct run_dir *dir,
			struct fl_err *err)
{
	int rc = run_dir_name(dir, job->recipe->save_dir, job->recipe->filename,
			      err);

	if (rc == 0 && job->comm->rank == 0)
		rc = run_dir_claim(dir, getenv(AGENT_JOB_VARIABLE), err);
	return rc;
}

int cmd_train(int argc, char **argv, struct fl_err *err)
{
	struct args args = { 0 };
	struct job job = { 0 };
	struct run_dir dir = { .owner.fd = -1 };
	bool timing = number_from(AGENT_PREFLIGHT_VARIABLE) != 0, help;
	char batch[128];
	int words, rc;

	fl_log_name("flotilla.train");
	rc = option_parse(&cmd_train_options, &args, argc, argv, &words, &help,
			  err);
	if (rc == 0 && help) {
		option_help(&cmd_train_options, stdout);
	} else if (rc == 0 && words > 0) {
		rc = fl_fail(err, FL_EUSAGE, "unexpected argument '%s'",
			     argv[1]);
	} else if (rc == 0) {
		catch_signals();
		fl_log_keep(); /* the log file comes with the first step */
		if (args.replay_draws) /* a comparison with the reference */
			job_prefer(&args.job,
				   "OptimizerBuilder.clip_grad_by_history=0");
		if (args.batch_size) {
			snprintf(batch, sizeof(batch),
				 "TrainReader.batch_size=%s", args.batch_size);
			job_prefer(&args.job, batch);
		}
		rc = job_open(&job, &args.job, !timing, err);
		if (rc == 0)
			option_say_passed(&cmd_train_options, &args.job.passed);
		if (rc == 0 && args.amp)
			fl_info("--amp: this build has no 16-bit arithmetic on '%s'; going on in fp32",
				job.dev->device->name);
		if (rc == 0 && !timing)
			rc = claim_folder(&job, &dir, err);
		if (rc == 0)
			rc = settle_batch(&args, &job, timing, err);
		if (rc == 0)
			rc = timing ? time_steps(&job, err)
				    : train(&args, &job, &dir, err);
		run_dir_leave(&dir);
		job_close(&job, rc);
	}
	job_args_release(&args.job);
	return rc;
}

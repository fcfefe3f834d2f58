/* cmd_train.c - flotilla train: one run, its folder, its log.
 *
 * The order matters: signals are caught and log lines kept before anything can
 * take long; the recipe and the device come before the folder is claimed, and
 * the folder before the data set is read, so that a second start into it is told
 * at once; batch_size settles last, for "auto" reads the data set and plans the
 * model. What fleetrun says to a trainer comes by the AGENT_ variables. */
#include "cmd/cmd.h"

#include "agent/agent_link.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/variable.h"
#include "cmd/job.h"
#include "cmd/paddle_options.h"
#include "cmd/train_batch.h"
#include "cmd/train_signals.h"
#include "cmd/train_watch.h"
#include "optim/schedule.h"
#include "text/duration.h"
#include "train/resume.h"
#include "train/timing.h"
#include "train/options.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct train_args {
	struct job_args job;
	const char *resume, *record_draws, *replay_draws, *batch_size;
	const char *vdl_log_dir, *max_time;
	int patience; /* -1: as the recipe says */
	bool eval, new_batch, use_vdl;
	/* What whoever started us says of the job; 0: nothing */
	int job_ranks, local_ranks, attempt, restarts, preflight;
	double until; /* by fl_now_s(); 0: without limit */
	int began;    /* fl_now_s() of the job's start here, or -1: just now */
};

static const struct option_row rows[] = {
	JOB_ROWS(train_args),
	{ "eval", 0, OPTION_FLAG, offsetof(struct train_args, eval),
	  .help = "score the model at every snapshot epoch" },
	{ "resume", 'r', OPTION_TEXT, offsetof(struct train_args, resume),
	  .arg = "CKPT",
	  .help = "go on from a checkpoint: file, prefix or run folder" },
	{ "batch_size", 0, OPTION_TEXT, offsetof(struct train_args, batch_size),
	  .arg = "N|auto",
	  .help = "images of a trainer's step (TrainReader.batch_size); auto: as "
		  "many as fit the memory" },
	{ "new_batch", 0, OPTION_FLAG, offsetof(struct train_args, new_batch),
	  .help = "with -r on other ranks or another batch_size: take ranks x "
		  "batch_size images a step from now on" },
	{ "patience", 0, OPTION_INT, offsetof(struct train_args, patience), 0,
	  100000, "N",
	  "with --eval: end after N epochs without a better AP (0: never)" },
	{ "max_time", 0, OPTION_TEXT, offsetof(struct train_args, max_time),
	  .arg = "TIME",
	  .help = "end within 10h, 90m or 1:30:00 of the start, with a "
		  "checkpoint and, with --eval, its score" },
	{ "use_vdl", 0, OPTION_FLAG, offsetof(struct train_args, use_vdl),
	  .help = "write event files of curves and pictures for TensorBoard" },
	{ "vdl_log_dir", 0, OPTION_TEXT,
	  offsetof(struct train_args, vdl_log_dir), .arg = "DIR",
	  .help = "where they go with --use_vdl (default: the run's folder)" },
	{ "record_draws", 0, OPTION_TEXT,
	  offsetof(struct train_args, record_draws), .arg = "FILE",
	  .help = "write down what is random, as JSON lines" },
	{ "replay_draws", 0, OPTION_TEXT,
	  offsetof(struct train_args, replay_draws), .arg = "FILE",
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
	PADDLE_OPTIONS(train_args, PADDLE_TRAIN),
};

static int take_variables(struct train_args *args, struct fl_err *err)
{
	const struct {
		const char *name;
		int *value;
	} all[] = {
		{ AGENT_RANKS_VARIABLE, &args->job_ranks },
		{ "LOCAL_WORLD_SIZE", &args->local_ranks },
		{ AGENT_ATTEMPT_VARIABLE, &args->attempt },
		{ AGENT_RESTARTS_VARIABLE, &args->restarts },
		{ AGENT_PREFLIGHT_VARIABLE, &args->preflight },
		{ AGENT_BEGAN_VARIABLE, &args->began },
	};
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < sizeof(all) / sizeof(all[0]); i++)
		rc = fl_variable_int(all[i].name, 0, INT_MAX, all[i].value,
				     err);
	return rc;
}

/* --max_time counts from where the job began on this machine, in later attempts
 * too; alone, from now, before anything is read. */
static int settle_until(struct train_args *args, struct fl_err *err)
{
	bool job = getenv(AGENT_FD_VARIABLE) && args->began >= 0;
	double start = job ? args->began : fl_now_s(), seconds;
	int rc;

	if (!args->max_time)
		return 0;
	rc = duration_parse(args->max_time, "--max_time", &seconds, err);
	if (rc == 0)
		args->until = start + seconds;
	return rc;
}

static int check_patience(const struct train_args *args,
			  const struct recipe *recipe, struct fl_err *err)
{
	if (run_options(recipe)->patience == 0 || args->eval)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"patience watches the AP of evaluations, and none is asked for; "
		"add --eval, or set --patience 0");
}

/* --batch_size, and what "auto" means here. An agent that starts the job again
 * names the checkpoint; a timing goes on from none, and --new_batch wants none
 * of the old number. */
static int settle_batch(const struct train_args *args, struct model_job *job,
			bool timing, struct fl_err *err)
{
	const char *again = getenv(AGENT_RESUME_VARIABLE);
	const char *resume = again ? again : args->resume;

	return train_settle_batch(job, &args->job,
				  timing || args->new_batch ? NULL : resume,
				  args->job_ranks, args->local_ranks, err);
}

/* fleetrun --preflight: a few steps of this rank alone, for what it computes.
 * The run's folder is not touched. */
static int time_steps(struct model_job *job, struct fl_err *err)
{
	struct run_dir dir = { 0 };
	struct train_watch w = { .recipe = job->recipe,
				 .comm = job->comm,
				 .dir = &dir,
				 .pace.alone = true };
	struct train_events events = train_watch_timing(&w);
	int rc = run_dir_name(&dir, run_options(job->recipe)->save_dir,
			      job->recipe->filename, err);

	if (rc == 0)
		rc = train_time_steps(job->recipe, job->dev, job->comm,
				      PACE_STEPS, PACE_S, &events, err);
	if (rc == 0)
		train_pace_end(&w.pace);
	return rc;
}

/* How many images the steps have, and the rate that fits them: both stay when
 * ranks are lost. job_ranks is what the job began with, which fleetrun tells;
 * world is who is here. */
static int settle_images(const struct train_args *args, struct model_job *job,
			 struct train_options *o, struct fl_err *err)
{
	struct resume_options resume = { .from = o->resume,
					 .job_ranks = args->job_ranks,
					 .world = job->comm->world,
					 .new_batch = args->new_batch };
	char line[SCHEDULE_LINE];
	int rc = 0;

	o->batch_ranks = resume.job_ranks > 0 ? resume.job_ranks : resume.world;
	o->lost_ranks = o->batch_ranks > resume.world;
	/* After the ranks, before the rate: the checkpoint
	 * says how many images a step had. */
	if (o->resume)
		rc = resume_batch(job->recipe, &resume, &o->batch_ranks, err);
	if (rc != 0)
		return rc;
	schedule_fit(recipe_options(job->recipe, &schedule_part),
		     data_options(job->recipe)->train_reader.batch_size,
		     o->batch_ranks, run_options(job->recipe)->epoch, line);
	fl_info("%s", line);
	return 0;
}

/* What the end of the run says beyond the outputs. */
static int tell_end(const struct train_summary *s, const struct run_dir *dir,
		    struct fl_err *err)
{
	const char *from = *s->weights ? s->weights : dir->path;

	if (s->end == TRAIN_END_TIME)
		fl_info("ended in time, as --max_time asks; go on with -r %s",
			from);
	if (s->end != TRAIN_END_SIGNAL)
		return 0;
	return fl_fail(err, train_signals_stop() == SIGINT ? FL_EINT : FL_ETERM,
		       "stopped as asked; go on with -r %s", from);
}

static int train(const struct train_args *args, struct model_job *job,
		 struct run_dir *dir, struct fl_err *err)
{
	/* -1: not scored. */
	struct train_summary summary = { .ap = -1, .ap50 = -1, .best_ap = -1 };
	struct train_watch w = { .recipe = job->recipe,
				 .comm = job->comm,
				 .dir = dir,
				 .again = args->attempt > 0,
				 .restarts = args->restarts };
	struct train_events events = train_watch_events(&w);
	/* An agent that starts us again knows the newest checkpoint. */
	const char *again = getenv(AGENT_RESUME_VARIABLE);
	struct train_options options = { .run_dir = w.dir->path,
					 .resume = again ? again : args->resume,
					 .tapes = { args->record_draws,
						    args->replay_draws },
					 .eval = args->eval,
					 .local_ranks = args->local_ranks,
					 .again = again != NULL,
					 .until = args->until };
	double start = fl_now_s();
	int rc = settle_images(args, job, &options, err);

	if (rc == 0)
		rc = train_run(job->recipe, job->dev, job->comm, &options,
			       &events, &summary, err);
	/* Also after a failure, so that summary.json says
	 * "failed" and the outputs are closed. */
	rc = train_watch_end(&w, &summary, fl_now_s() - start, rc, err);
	return rc == 0 ? tell_end(&summary, w.dir, err) : rc;
}

/* A folder at work is told before anything that is in it is read. Rank 0 alone
 * writes there; the word for the job tells a later attempt that the folder is
 * its own. */
static int claim_folder(const struct model_job *job, struct run_dir *dir,
			struct fl_err *err)
{
	int rc = run_dir_name(dir, run_options(job->recipe)->save_dir,
			      job->recipe->filename, err);

	if (rc == 0 && job->comm->rank == 0)
		rc = run_dir_claim(dir, getenv(AGENT_JOB_VARIABLE), err);
	return rc;
}

/* What options say in other words than keys of the recipe; the overrides borrow
 * these texts until the line is done with. */
struct key_texts {
	struct fl_str batch, vdl_log_dir, patience;
};

/* What the line prefers to the recipe; its -o may say otherwise. */
static void prefer(struct train_args *args, struct key_texts *keys)
{
	if (args->replay_draws) /* a comparison with the reference */
		job_prefer(&args->job,
			   "OptimizerBuilder.clip_grad_by_history=0");
	if (args->batch_size) {
		fl_str_addf(&keys->batch, "TrainReader.batch_size=%s",
			    args->batch_size);
		job_prefer(&args->job, fl_str_get(&keys->batch));
	}
	if (args->patience >= 0) {
		fl_str_addf(&keys->patience, "patience=%d", args->patience);
		job_prefer(&args->job, fl_str_get(&keys->patience));
	}
	if (args->use_vdl)
		job_prefer(&args->job, "use_vdl=true");
	if (args->vdl_log_dir) {
		fl_str_addf(&keys->vdl_log_dir, "vdl_log_dir=%s",
			    args->vdl_log_dir);
		job_prefer(&args->job, fl_str_get(&keys->vdl_log_dir));
	}
}

static int take_line(void *ctx, int words, char **argv, struct fl_err *err)
{
	struct train_args *args = ctx;
	struct model_job job = { 0 };
	struct run_dir dir = { .owner.fd = -1 };
	struct key_texts keys = { FL_STR_INIT, FL_STR_INIT, FL_STR_INIT };
	bool timing;
	int rc;

	(void)words, (void)argv;
	fl_log_keep(); /* the log file comes with the first step */
	prefer(args, &keys);
	rc = train_signals_open(err);
	if (rc == 0)
		rc = take_variables(args, err);
	timing = args->preflight != 0;
	if (rc == 0)
		rc = settle_until(args, err);
	if (rc == 0)
		rc = job_open(&job, &args->job, !timing, err);
	if (rc == 0)
		option_say_passed(&cmd_train_options, &args->job.passed);
	if (rc == 0)
		rc = check_patience(args, job.recipe, err);
	if (rc == 0 && !timing)
		rc = claim_folder(&job, &dir, err);
	if (rc == 0)
		rc = settle_batch(args, &job, timing, err);
	if (rc == 0)
		rc = timing ? time_steps(&job, err)
			    : train(args, &job, &dir, err);
	/* The folder is free before MPI is left, which is
	 * collective and may wait. */
	run_dir_leave(&dir);
	job_close(&job, rc);
	fl_str_release(&keys.batch);
	fl_str_release(&keys.vdl_log_dir);
	fl_str_release(&keys.patience);
	return rc;
}

int cmd_train(int argc, char **argv, struct fl_err *err)
{
	struct train_args args = { .patience = -1, .began = -1 };
	int rc;

	fl_log_name("flotilla.train");
	rc = cmd_run(&cmd_train_options, &args, argc, argv, take_line, err);
	job_args_release(&args.job);
	return rc;
}

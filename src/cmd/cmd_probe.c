/* cmd_probe.c - flotilla probe: one or more steps with given weights and
 * batches, and everything that happened in them by name.
 * It is how a trainer is compared with another, number by number
 * (docs/parity.md), without a data set or randomness in between. */
#include "cmd/cmd.h"

#include "cmd/job.h"
#include "probe/probe.h"

struct probe_args {
	struct job_args job;
	const char *weights, *out;
	struct option_list batches;
	int epoch, steps_per_epoch;
	bool eval;
};

static const struct option_row rows[] = {
	JOB_ROWS(probe_args),
	{ "weights", 0, OPTION_TEXT, offsetof(struct probe_args, weights),
	  .arg = "FILE", .help = "weights to start from" },
	{ "batch", 0, OPTION_LIST, offsetof(struct probe_args, batches),
	  .arg = "FILE ...",
	  .help = "one for each step, in order; on R ranks R for each step" },
	{ "epoch", 0, OPTION_INT, offsetof(struct probe_args, epoch), 0, 1e6,
	  "E", "epoch of the first batch (default 0)" },
	{ "steps_per_epoch", 0, OPTION_INT,
	  offsetof(struct probe_args, steps_per_epoch), 1, 1e9, "S",
	  "for the schedule (default 1)" },
	{ "eval", 0, OPTION_FLAG, offsetof(struct probe_args, eval),
	  .help = "the evaluation forward instead: the batch has scale_factor" },
	{ "out", 0, OPTION_TEXT, offsetof(struct probe_args, out),
	  .arg = "FILE",
	  .help = "where all that happened is written (safetensors)" },
};

const struct option_table cmd_probe_options = {
	.program = "flotilla probe",
	.usage = "-c FILE --weights W --batch B0 [B1 ...] --out O",
	.about = "Runs exact given batches through training steps and writes "
		 "activations, gradients,\nassignments, losses and the state "
		 "at the end, by name. Convolutions add in short sums, whose "
		 "rounding is no larger than\nthe reference's; as in training "
		 "with -o short_sums=false.",
	.example =
		"  flotilla probe -c configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml "
		"--weights w.safetensors \\\n      --batch b0.safetensors "
		"--out out.safetensors",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};

static int probe(const struct probe_args *args, struct fl_err *err)
{
	struct probe_options o = {
		.weights = args->weights ? args->weights : "",
		.batches = args->batches.items,
		.batch_count = args->batches.count,
		.epoch = args->epoch,
		.steps_per_epoch = args->steps_per_epoch,
		.eval = args->eval,
		.out = args->out,
	};
	struct model_job job = { 0 };
	int rc;

	if (o.batch_count == 0 || !o.out)
		return fl_fail(
			err, FL_EUSAGE,
			"probe needs --batch and --out ('flotilla probe --help')");
	if (o.eval && o.batch_count > 1)
		return fl_fail(err, FL_EUSAGE,
			       "probe --eval takes one --batch, not %d",
			       o.batch_count);
	/* An evaluation of one batch has nothing to share among ranks. */
	rc = job_open(&job, &args->job, !o.eval, err);
	if (rc == 0)
		rc = probe_run(job.recipe, job.dev, job.comm, &o, err);
	job_close(&job, rc);
	return rc;
}

/* A probe adds carefully, and clips as the reference does: both ways of ours
 * that train as well would stand out in a comparison. -o on the line may take
 * them back. */
static int take_batches(void *ctx, int words, char **argv, struct fl_err *err)
{
	struct probe_args *args = ctx;

	(void)words, (void)argv;
	job_prefer(&args->job, "short_sums=true");
	job_prefer(&args->job, "OptimizerBuilder.clip_grad_by_history=0");
	return probe(args, err);
}

int cmd_probe(int argc, char **argv, struct fl_err *err)
{
	struct probe_args args = { .steps_per_epoch = 1 };
	int rc = cmd_run(&cmd_probe_options, &args, argc, argv, take_batches,
			 err);

	option_list_release(&args.batches);
	job_args_release(&args.job);
	return rc;
}

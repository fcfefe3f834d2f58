/* cmd_eval.c - flotilla eval: a score of a model, or of
 * files that any program made.
 * With --gt and --dt no model and no device is opened (eval_files.c); with -c
 * and weights the model detects first (eval_model.c). Both end in the same
 * report, so that their numbers can be compared. */
#include "cmd/cmd.h"

#include "base/log.h"
#include "cmd/eval_files.h"
#include "cmd/eval_model.h"
#include "cmd/paddle_options.h"

#include <stddef.h>

struct eval_args {
	struct job_args job;
	const char *gt, *dt, *json, *output_eval;
	bool classwise, save_prediction_only;
};

static const struct option_row rows[] = {
	JOB_ROWS(eval_args),
	{ "output_eval", 0, OPTION_TEXT,
	  offsetof(struct eval_args, output_eval), .arg = "DIR",
	  .help = "write the detections there, as bbox.json" },
	{ "gt", 0, OPTION_TEXT, offsetof(struct eval_args, gt), .arg = "FILE",
	  .help = "ground truth, a COCO annotation file" },
	{ "dt", 0, OPTION_TEXT, offsetof(struct eval_args, dt), .arg = "FILE",
	  .help = "detections (bbox.json), made by any program" },
	{ "json", 0, OPTION_TEXT, offsetof(struct eval_args, json),
	  .arg = "FILE", .help = "write the numbers to this file as well" },
	{ "classwise", 0, OPTION_FLAG, offsetof(struct eval_args, classwise),
	  .help = "AP of each class too" },
	{ "save_prediction_only", 0, OPTION_FLAG,
	  offsetof(struct eval_args, save_prediction_only),
	  .help = "write bbox.json (to --output_eval, or here) and score nothing" },
};

const struct option_table cmd_eval_options = {
	.program = "flotilla eval",
	.usage = "-c FILE -o weights=W | --gt G.json --dt D.json",
	.about = "Scores a model on the recipe's EvalDataset, or a file of "
		 "detections made by anything:\nthe twelve numbers of "
		 "pycocotools, digit for digit.",
	.example = "  flotilla eval -c my.yml -o weights=output/my/best_model\n"
		   "  flotilla eval --gt instances_val2017.json --dt bbox.json "
		   "--json score.json",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	PADDLE_OPTIONS(eval_args, PADDLE_EVAL),
};

static int evaluate(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct eval_args *args = ctx;

	(void)words, (void)argv;
	/* Taking one of the two for meant would score
	 * something else than was asked. */
	if (args->job.config && (args->gt || args->dt))
		return fl_fail(
			err, FL_EUSAGE,
			"-c scores a model, --gt and --dt score a file; give one or the other");
	option_say_passed(&cmd_eval_options, &args->job.passed);
	if (args->job.config)
		return eval_model(
			&args->job,
			&(struct eval_options){
				.json = args->json,
				.output_eval = args->output_eval,
				.classwise = args->classwise,
				.predict_only = args->save_prediction_only },
			err);
	if (!args->gt || !args->dt)
		return fl_fail(err, FL_EUSAGE,
			       "%s is missing: eval needs the ground truth "
			       "(--gt) and the detections (--dt)",
			       args->gt ? "--dt" : "--gt");
	return eval_files(args->gt, args->dt, args->json, args->classwise, err);
}

int cmd_eval(int argc, char **argv, struct fl_err *err)
{
	struct eval_args args = { 0 };
	int rc;

	fl_log_name("flotilla.eval");
	rc = cmd_run(&cmd_eval_options, &args, argc, argv, evaluate, err);
	job_args_release(&args.job);
	return rc;
}

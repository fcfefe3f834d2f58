/* cmd_eval.c - flotilla eval: COCO's twelve numbers. */
#include "cmd/cmd.h"

#include "cmd/eval_files.h"
#include "config/option.h"

#include <stddef.h>

struct args {
	const char *gt, *dt, *json;
	bool classwise;
};

static const struct option_row rows[] = {
	{ "gt", 0, OPTION_TEXT, offsetof(struct args, gt), .arg = "FILE",
	  .help = "ground truth, a COCO annotation file" },
	{ "dt", 0, OPTION_TEXT, offsetof(struct args, dt), .arg = "FILE",
	  .help = "detections (bbox.json), made by any program" },
	{ "json", 0, OPTION_TEXT, offsetof(struct args, json), .arg = "FILE",
	  .help = "write the numbers to this file as well" },
	{ "classwise", 0, OPTION_FLAG, offsetof(struct args, classwise),
	  .help = "AP of each class too" },
};

static const struct option_table table = {
	.program = "flotilla eval",
	.usage = "--gt G.json --dt D.json [--json OUT]",
	.about = "Scores a file of detections: the twelve numbers of "
		 "pycocotools, digit for digit.",
	.example = "  flotilla eval --gt instances_val2017.json --dt bbox.json "
		   "--json score.json",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};

static int evaluate(const struct args *args, struct fl_err *err)
{
	if (!args->gt || !args->dt)
		return fl_fail(err, FL_EUSAGE,
			       "%s is missing: eval needs the ground truth "
			       "(--gt) and the detections (--dt)",
			       args->gt ? "--dt" : "--gt");
	return eval_files(args->gt, args->dt, args->json, args->classwise, err);
}

int cmd_eval(int argc, char **argv, struct fl_err *err)
{
	struct args args = { 0 };
	int words, rc;
	bool help;

	rc = option_parse(&table, &args, argc, argv, &words, &help, err);
	if (rc != 0)
		return rc;
	if (help) {
		option_help(&table, stdout);
		return 0;
	}
	if (words > 0)
		return fl_fail(err, FL_EUSAGE, "unexpected argument '%s'",
			       argv[1]);
	return evaluate(&args, err);
}

/* eval_model.h - flotilla eval -c: a model scored on the recipe's EvalDataset. */
#ifndef FL_CMD_EVAL_MODEL_H
#define FL_CMD_EVAL_MODEL_H

#include "cmd/job.h"

struct eval_options {
	const char *json;	 /* file for the numbers; NULL: none */
	const char *output_eval; /* folder for bbox.json; NULL: none */
	bool classwise;		 /* AP of each class too */
	bool predict_only;	 /* bbox.json, and no score */
};

int eval_model(const struct job_args *args, const struct eval_options *options,
	       struct fl_err *err);

#endif

/* eval_model.h - flotilla eval -c: a model scored on the recipe's EvalDataset. */
#ifndef FL_CMD_EVAL_MODEL_H
#define FL_CMD_EVAL_MODEL_H

#include "cmd/job.h"

/* json: file for the numbers, or NULL; output_eval: folder for bbox.json, or
 * NULL. */
int eval_model(const struct job_args *args, const char *json,
	       const char *output_eval, bool classwise, struct fl_err *err);

#endif

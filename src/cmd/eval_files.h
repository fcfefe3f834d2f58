/* eval_files.h - flotilla eval --gt G --dt D: the score of a file of
 * detections that anything may have made. */
#ifndef FL_CMD_EVAL_FILES_H
#define FL_CMD_EVAL_FILES_H

#include "base/err.h"
#include "eval/coco_eval.h"

#include <stdbool.h>

/* Prints the table of twelve numbers (and AP by class if classwise) and writes
 * them to the file json unless it is NULL. */
int eval_files(const char *gt, const char *dt, const char *json, bool classwise,
	       struct fl_err *err);

/* The same end for detections from elsewhere; table: what is printed in place
 * of COCO's lines, or NULL. */
int eval_report(const char *table, const struct annotations *truth,
		size_t detections, const struct coco_result *result,
		const char *json, bool classwise, struct fl_err *err);

#endif

/* eval_files.c - a score without a model: ground truth
 * and detections come from files.
 * cmd_eval.c calls eval_files(); eval_report is shared with eval_model.c.
 * Detections of other programs name pictures and classes their own way; they
 * are joined with the truth first, and what was done about it is said before
 * the numbers. */
#include "cmd/eval_files.h"

#include "base/log.h"
#include "base/par.h"
#include "eval/coco_detections.h"
#include "eval/coco_json.h"

#include <stdio.h>

int eval_report(const char *table, const struct annotations *truth,
		size_t detections, const struct coco_result *result,
		const char *json, bool classwise, struct fl_err *err)
{
	struct fl_str text = FL_STR_INIT;

	if (!table)
		coco_print(result, &text);
	if (classwise)
		coco_print_classes(truth, result, &text);
	fputs(table ? table : "", stdout);
	fputs(fl_str_get(&text), stdout);
	fl_str_release(&text);
	return json ? coco_result_write(json, truth, detections, result, err)
		    : 0;
}

/* Both files, and the second in the ids of the first. */
static int read_files(const char *gt, const char *dt, struct annotations *truth,
		      struct coco_detections *found, struct fl_err *err)
{
	struct fl_str said = FL_STR_INIT;
	int rc = annotations_read(gt, truth, err);

	/* A test set's file, or one of detections given in its
	 * place: every score would be -1. */
	if (rc == 0 && !truth->has_boxes)
		rc = fl_fail(err, FL_EDATA,
			     "'%s' has no 'annotations', so there is nothing "
			     "to measure against",
			     gt);
	if (rc == 0)
		rc = coco_detections_read(dt, found, err);
	if (rc == 0)
		rc = coco_detections_join(found, truth, &said, err);
	if (rc == 0) {
		coco_explain_categories(truth, found->list, found->count, found,
					&said);
		coco_explain_boxes(truth, found->list, found->count, &said);
		coco_explain_truth(truth, &said);
		annotations_explain(truth, &said);
		fl_warn_lines(&said);
	}
	fl_str_release(&said);
	return rc;
}

int eval_files(const char *gt, const char *dt, const char *json, bool classwise,
	       struct fl_err *err)
{
	struct annotations truth = { 0 };
	struct coco_detections found = { 0 };
	struct coco_result result = { 0 };
	int rc = read_files(gt, dt, &truth, &found, err);

	if (rc != 0)
		goto out;
	/* A model that finds nothing scores 0, which is a
	 * score; the line says why. */
	if (found.count == 0)
		fprintf(stderr, "flotilla: '%s' holds no detection\n", dt);
	fl_par_init(0);
	rc = coco_evaluate(&truth, found.list, found.count, &result, err);
	if (rc == 0)
		rc = eval_report(NULL, &truth, found.count, &result, json,
				 classwise, err);
out:
	coco_result_release(&result);
	coco_detections_release(&found);
	annotations_release(&truth);
	return rc;
}

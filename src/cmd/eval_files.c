#include "cmd/eval_files.h"

#include "base/par.h"
#include "eval/coco_json.h"

#include <stdio.h>
#include <stdlib.h>

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

int eval_files(const char *gt, const char *dt, const char *json, bool classwise,
	       struct fl_err *err)
{
	struct annotations truth = { 0 };
	struct coco_detection *detections = NULL;
	struct coco_result result = { 0 };
	size_t count;
	int rc = annotations_read(gt, &truth, err);

	if (rc != 0)
		return rc;
	if (!truth.has_boxes)
		rc = fl_fail(err, FL_EDATA,
			     "'%s' has no 'annotations', so there is nothing "
			     "to measure against",
			     gt);
	if (rc == 0)
		rc = coco_detections_read(dt, &detections, &count, err);
	if (rc != 0)
		goto out;
	if (count == 0)
		fprintf(stderr, "flotilla: '%s' holds no detection\n", dt);
	fl_par_init(0);
	rc = coco_evaluate(&truth, detections, count, &result, err);
	if (rc != 0)
		goto out;
	rc = eval_report(NULL, &truth, count, &result, json, classwise, err);
out:
	coco_result_release(&result);
	free(detections);
	annotations_release(&truth);
	return rc;
}

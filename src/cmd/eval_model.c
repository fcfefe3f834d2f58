/* eval_model.c - a model scored on the EvalDataset, or its detections alone, on
 * rank 0 written and printed; eval_model() is all that cmd_eval.c calls.
 * All ranks detect their share of the pictures; rank 0 scores the
 * detections of all, and it alone writes. */
#include "cmd/eval_model.h"

#include "base/file.h"
#include "base/log.h"
#include "cmd/eval_files.h"
#include "cmd/job_detect.h"
#include "eval/coco_json.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The sentence is PaddleDetection's. */
static int write_detections(const char *folder, const struct evaluator *v,
			    const struct coco_detection *found, size_t count,
			    struct fl_err *err)
{
	char path[PATH_MAX];
	int rc = fl_make_dirs(folder, err);

	if (rc == 0)
		rc = fl_join(path, sizeof(path), folder, "bbox.json", err);
	if (rc == 0)
		rc = coco_detections_write(path, found, count, &v->truth.ids,
					   NULL, err);
	if (rc == 0)
		fl_info("The bbox result is saved to %s", path);
	return rc;
}

static int report(const struct model_job *job, const struct evaluator *v,
		  const struct evaluation *ev, const struct eval_options *o,
		  struct fl_err *err)
{
	struct fl_str table = FL_STR_INIT;
	int rc;

	evaluator_print(job->recipe, &ev->coco, &table);
	rc = eval_report(fl_str_get(&table), &v->truth, ev->detections,
			 &ev->coco, o->json, o->classwise, err);
	fl_str_release(&table);
	return rc;
}

/* Detections first and then the report, so that they are there even where the
 * file for the numbers cannot be written. */
static int score(struct job_detect *d, const struct eval_options *o,
		 struct fl_err *err)
{
	const struct evaluator *v = &d->evaluator;
	struct coco_detection *found = NULL;
	struct evaluation ev = { 0 };
	int rc = evaluator_run(&d->evaluator, &d->net, &ev, &found, err);

	if (rc == 0 && d->job.comm->rank == 0) {
		if (o->output_eval)
			rc = write_detections(o->output_eval, v, found,
					      ev.detections, err);
		if (rc == 0)
			rc = report(&d->job, v, &ev, o, err);
		fl_info("Total sample number: %d, average FPS: %.2f", ev.images,
			ev.images / ev.seconds);
		if (v->bad.count)
			fl_warn("%d %s could not be decoded", v->bad.count,
				fl_plural(v->bad.count, "image", "images"));
	}
	coco_result_release(&ev.coco);
	free(found);
	return rc;
}

/* Without a score, for a test set whose truth somebody else has. As the
 * reference, which writes to the folder it was started in. */
static int predict(struct job_detect *d, const struct eval_options *o,
		   struct fl_err *err)
{
	struct coco_detection *found = NULL;
	size_t count;
	int rc = evaluator_detect(&d->evaluator, &d->net, d->reader, &found,
				  &count, err);

	if (rc == 0 && d->job.comm->rank == 0)
		rc = write_detections(o->output_eval ? o->output_eval : ".",
				      &d->evaluator, found, count, err);
	free(found);
	return rc;
}

int eval_model(const struct job_args *args, const struct eval_options *options,
	       struct fl_err *err)
{
	struct job_detect d;
	int rc = job_detect_open(&d, args, NULL, err);

	if (rc == 0)
		rc = options->predict_only ? predict(&d, options, err)
					   : score(&d, options, err);
	job_detect_close(&d, rc);
	return rc;
}

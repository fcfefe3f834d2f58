/* coco_eval.h - COCO's average precision, equal to pycocotools in every bit.
 *
 * The same steps in the same doubles: detections of an image and class by
 * falling score (stable), at most 100; greedy matching at IoU .50:.05:.95 with
 * crowd and area rules; precision at 101 recalls; means added up in numpy's
 * order. Annotations of images or categories that the file does not list, and
 * detections of such categories, do not count; 'ignore' is not looked at.
 *
 * Quirks of pycocotools that are kept, because the numbers must be the same:
 * - A ground truth with id 0 counts as no match (the id is stored as the mark
 *   of a match): its detection is a false positive, or left out where it does
 *   not fit the area range; the ground truth itself is taken.
 * - Of annotations with one id the last in the file stands for all of them.
 * - At equal IoU a detection takes the later ground truth.
 * An annotation without any id, where pycocotools stops, counts normally.
 *
 * Source: Lin et al., Microsoft COCO, 2014; cocodataset.org, detection metrics.
 * Threads: spread over classes with fl_par_for.
 */
#ifndef FL_EVAL_COCO_EVAL_H
#define FL_EVAL_COCO_EVAL_H

#include "base/err.h"
#include "base/str.h"
#include "box/annotations.h"
#include "eval/curve.h"

#include <stdint.h>

struct coco_detection {
	int64_t image_id, category_id;
	double bbox[4]; /* x, y, w, h */
	double score;
};

/* In the order in which pycocotools prints them. -1: nothing to measure. */
enum {
	COCO_AP,
	COCO_AP50,
	COCO_AP75,
	COCO_AP_SMALL,
	COCO_AP_MEDIUM,
	COCO_AP_LARGE,
	COCO_AR1,
	COCO_AR10,
	COCO_AR100,
	COCO_AR_SMALL,
	COCO_AR_MEDIUM,
	COCO_AR_LARGE,
	COCO_STATS
};

extern const char *const coco_stat_names[COCO_STATS]; /* "ap", "ap50", ... */

struct coco_result {
	double stats[COCO_STATS];
	/* One for each category of the annotations, in order of ids. */
	int64_t *category_ids;
	double *category_ap;
	struct curve *curves; /* of each, at IoU .5, all areas */
	size_t category_count;
};

/* A detection of an image that the annotations do not have is FL_EDATA. */
int coco_evaluate(const struct annotations *truth,
		  const struct coco_detection *detections, size_t count,
		  struct coco_result *out, struct fl_err *err);
void coco_result_release(struct coco_result *result);

/* The table of pycocotools' summarize(), twelve lines. */
void coco_print(const struct coco_result *result, struct fl_str *out);
/* Name of a category, "" for an id that is not there. */
const char *coco_category_name(const struct annotations *a, int64_t id);
/* AP of each class, a line each, in order of their ids; a class without a name
 * goes by its id. */
void coco_print_classes(const struct annotations *truth,
			const struct coco_result *result, struct fl_str *out);

#endif

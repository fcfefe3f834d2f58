/* voc_eval.h - Pascal VOC's average precision as PaddleDetection's VOCMetric.
 *
 * Detections of an image are walked in their order. Each takes the ground
 * truth of its class with the largest IoU, where widths and heights count one
 * pixel more (x2 - x1 + 1) and boxes that only touch do not meet. IoU above
 * 'overlap' is a hit: of a ground truth not taken yet a true positive, else a
 * false one; a hit on a difficult ground truth is left out (unless
 * evaluate_difficult); no hit is a false positive.
 *
 * AP by recall and precision in order of falling score (stable):
 *     VOC_11POINT   mean of the largest precision at recalls 0, 0.1, ... 1, by
 *                   the reference's loop, which can lose a maximum where the
 *                   recall begins above several of these (few boxes);
 *     VOC_INTEGRAL  sum of precision times rise of recall, no envelope.
 * mAP is the mean over the classes with ground truth; without any detection
 * such a class counts 0.
 *
 * Rounding follows the reference under numpy 1: boxes are float32, IoU is
 * double, but a side whose two ends both come from the ground truth is
 * subtracted in float32.
 *
 * Several ranks: each adds its images, under their number in the whole set;
 * voc_merge() puts together the hits and the counts of all of them.
 * The result does not depend on who added what, and in which order.
 *
 * Threads: a metric belongs to one thread at a time.
 */
#ifndef FL_EVAL_VOC_EVAL_H
#define FL_EVAL_VOC_EVAL_H

#include "base/err.h"
#include "eval/curve.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum voc_type {
	VOC_11POINT,
	VOC_INTEGRAL
};

struct voc_box {
	int category;
	float score;	/* of a detection */
	float box[4];	/* x1, y1, x2, y2 in pixels of the original image */
	bool difficult; /* of a ground truth */
};

/* One detection that counts. */
struct voc_hit {
	int32_t category;
	int32_t image, order; /* image number, place in the image */
	int32_t positive;
	float score;
};

struct voc_metric {
	enum voc_type type;
	int classes;
	double overlap;
	bool evaluate_difficult;
	int64_t *truths; /* ground truths that count, by class */
	struct voc_hit *hits;
	size_t count, cap;
	bool *taken; /* scratch */
	size_t taken_cap;
};

void voc_init(struct voc_metric *m, int classes, double overlap,
	      enum voc_type type, bool evaluate_difficult);
void voc_release(struct voc_metric *m);

/* One image. Categories outside 0 .. classes-1 are FL_EDATA. */
int voc_add_image(struct voc_metric *m, int image,
		  const struct voc_box *detections, size_t detection_count,
		  const struct voc_box *truths, size_t truth_count,
		  struct fl_err *err);
/* What another rank counted: its hits and its truths[classes].
 * Tests call it. */
void voc_merge(struct voc_metric *m, const struct voc_hit *hits, size_t count,
	       const int64_t *truths);

/* mAP in 0 .. 1, 0 where no class has ground truth; per_class, where not NULL,
 * gets classes values, -1 for classes without ground truth. Sorts the hits. */
double voc_score(struct voc_metric *m, double *per_class);
/* After it: a curve of each class, at m->overlap. */
void voc_curves(const struct voc_metric *m, struct curve *out);

#endif

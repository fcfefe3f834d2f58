/* nms.h - from the scores of all points to the detections of one image.
 *
 * Per class: points whose score is above score_threshold (strictly), the
 * nms_top_k best by score, of equal scores the lower point first; in that
 * order a box stays if its IoU with every box that stayed before is at most
 * nms_threshold. If more than keep_top_k stay over all classes, those with the
 * best scores remain (of equal ones the lower class, then the earlier). The
 * order of the result is class ascending, then score descending. Everything is
 * float32, so the rows are those of Paddle's CPU kernel multiclass_nms3 bit for
 * bit (its GPU kernel orders by score over the classes). A consequence kept:
 * of two empty boxes that touch, IoU 0 / 0, the second goes.
 *
 * Cost: linear in points times classes, plus the greedy part, at most
 * nms_top_k^2 / 2 IoUs per class; nothing is sorted but the best nms_top_k.
 *
 * Threads: any; each needs a scratch of its own. No allocation but in
 * nms_init().
 */
#ifndef FL_BOX_NMS_H
#define FL_BOX_NMS_H

#include <stddef.h>
#include <stdint.h>

struct nms_params {
	float score_threshold, nms_threshold;
	int nms_top_k, keep_top_k; /* negative: no limit */
};

struct nms_row {
	int category; /* index of the class */
	int point;    /* index of the point the box comes from */
	float score;
	float box[4]; /* x1, y1, x2, y2 */
};

struct nms_scratch {
	struct nms_params params;
	int points, classes; /* most that nms_run() may be given */
	/* The result of the last nms_run(). */
	struct nms_row *rows;
	int count;

	/* Private. */
	uint64_t *keys;
	float *kept[5]; /* x1, y1, x2, y2, area of a class's kept boxes */
	size_t room;
};

void nms_init(struct nms_scratch *s, const struct nms_params *params,
	      int points, int classes);
void nms_release(struct nms_scratch *s);

/* One image. boxes [points][4]; scores [classes][points], class c beginning at
 * scores + c * class_stride. NaN scores count as below the threshold. Returns
 * the number of rows, which are in s->rows until the next call. */
int nms_run(struct nms_scratch *s, const float *boxes, const float *scores,
	    size_t class_stride, int points, int classes);

#endif

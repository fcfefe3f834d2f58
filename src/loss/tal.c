/* Task-aligned assignment: t = score^alpha IoU^beta says how well a point does
 * both tasks for a box; the best points inside the box answer for it. Called
 * for an image in all epochs behind the static ones. Predictions count as
 * given: no gradient goes through a target. */
#include "loss/assign.h"

#include "base/fast_math.h"
#include "box/box.h"

#include <float.h>
#include <math.h>

/* The point's class logits: [N][h][w][C] of its level. */
static const float *logits(const struct assignment *a, int image,
			   const struct assign_point *q)
{
	const struct assign_level *lv = &a->levels[q->level];
	size_t i = (size_t)image * (size_t)(lv->h * lv->w) + (size_t)q->at;

	return lv->cls + i * (size_t)a->input.classes;
}

/* The default powers, 1 and 6, as products: powf is slower. */
static float power(float x, double exponent)
{
	if (exponent == 1)
		return x;
	if (exponent == 6)
		return x * x * x * (x * x * x);
	return powf(x, (float)exponent);
}

/* Below the smallest normal float our threads would see 0, where the reference
 * still tells points apart: a start from scratch has such scores. */
static double tiny_metric(const struct assignment *a, float score, float iou)
{
	double t = pow((double)score, a->options.tal_alpha) *
		   pow((double)iou, a->options.tal_beta);

	return nearbyint(t * 0x1p149) * 0x1p-149; /* as a float would */
}

/* t of a point for a box with label; *iou is the overlap. NaN comes out as
 * NaN. */
static double metric(const struct assignment *a, int image, int point,
		     const struct assign_point *q, const float *box, int label,
		     float *iou)
{
	size_t i = (size_t)image * (size_t)a->points + (size_t)point;
	float score = 1 / (1 + expf(-logits(a, image, q)[label])), t;

	*iou = box_iou(box, a->pred + 4 * i, 1e-9f);
	t = power(score, a->options.tal_alpha) *
	    power(*iou, a->options.tal_beta);
	return t >= FLT_MIN ? (double)t : tiny_metric(a, score, *iou);
}

/* The reference takes the k largest of all points, those outside counting as
 * 0; of those taken the ones inside answer for the box. */
static void claim(struct assignment *a, int image, int g, const float *box,
		  int label)
{
	size_t row = (size_t)image * (size_t)a->points;
	struct ranked *r = a->ranked + row;
	int k = a->options.tal_topk < a->points ? a->options.tal_topk
						: a->points;

	for (int p = 0; p < a->points; p++) {
		struct assign_point q = assign_point_at(a, p);
		float iou;

		r[p].index = p;
		r[p].value = assign_inside(&q, box)
				     ? metric(a, image, p, &q, box, label, &iou)
				     : 0;
	}
	topk_select(r, a->points, k);
	for (int i = 0; i < k; i++) {
		struct assign_point q = assign_point_at(a, r[i].index);

		if (!assign_inside(&q, box))
			continue;
		a->box[row + (size_t)r[i].index] = g;
		a->claims[row + (size_t)r[i].index]++;
	}
}

/* A point that several boxes chose goes to the one its prediction overlaps
 * most, among all boxes of the image. */
static int most_overlapped(const float *pred, const float *boxes, int count)
{
	float best = -1;
	int won = 0;

	for (int g = 0; g < count; g++) {
		float iou = box_iou(boxes + 4 * g, pred, 1e-9f);

		if (iou > best) {
			best = iou;
			won = g;
		}
	}
	return won;
}

/* Scores of one box's points: t scaled so that the best gets the box's best
 * IoU. */
static void score_box(struct assignment *a, int image, int g, const float *box,
		      int label)
{
	size_t row = (size_t)image * (size_t)a->points;
	float top_iou = 0;
	double top = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (int p = 0; p < a->points; p++) {
			struct assign_point q;
			double t;
			float iou;

			if (a->box[row + (size_t)p] != g)
				continue;
			q = assign_point_at(a, p);
			t = metric(a, image, p, &q, box, label, &iou);
			if (pass == 1) {
				a->score[row + (size_t)p] =
					(float)t / ((float)top + 1e-9f) *
					top_iou;
				continue;
			}
			/* Pass 0 finds the largest t and IoU, pass 1 scales by
			 * them. */
			top = t > top ? t : top;
			top_iou = iou > top_iou ? iou : top_iou;
		}
	}
}

void assign_tal(struct assignment *a, int image)
{
	const struct loss_input *in = &a->input;
	const float *boxes = in->boxes + (size_t)image * (size_t)in->most * 4;
	const int *labels = in->labels + (size_t)image * (size_t)in->most;
	size_t row = (size_t)image * (size_t)a->points;
	int count = in->counts[image];

	for (int g = 0; g < count; g++)
		claim(a, image, g, boxes + 4 * g, labels[g]);
	for (int p = 0; p < a->points; p++)
		if (a->claims[row + (size_t)p] > 1)
			a->box[row + (size_t)p] = most_overlapped(
				a->pred + 4 * (row + (size_t)p), boxes, count);
	for (int g = 0; g < count; g++)
		score_box(a, image, g, boxes + 4 * g, labels[g]);
}

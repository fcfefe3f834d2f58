#include "loss/loss_priv.h"

#include "base/fast_math.h"

#include <float.h>
#include <math.h>

/* Task-aligned assignment: t = score^alpha IoU^beta says how well a point does
 * both tasks for a box; the best points inside the box answer for it. */

static const float *logits(const struct loss *l, int image,
			   const struct loss_point *q)
{
	const struct loss_level *lv = &l->levels[q->level];
	size_t i = (size_t)image * (size_t)(lv->h * lv->w) + (size_t)q->at;

	return lv->cls + i * (size_t)l->input.classes;
}

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
static double tiny_metric(const struct loss *l, float score, float iou)
{
	double t = pow((double)score, l->tal_alpha) *
		   pow((double)iou, l->tal_beta);

	return nearbyint(t * 0x1p149) * 0x1p-149; /* as a float would */
}

static double metric(const struct loss *l, int image, int point,
		     const struct loss_point *q, const float *box, int label,
		     float *iou)
{
	size_t i = (size_t)image * (size_t)l->points + (size_t)point;
	float score = 1 / (1 + expf(-logits(l, image, q)[label])), t;

	*iou = loss_iou(box, l->pred + 4 * i, 1e-9f);
	t = power(score, l->tal_alpha) * power(*iou, l->tal_beta);
	return t >= FLT_MIN ? (double)t : tiny_metric(l, score, *iou);
}

/* The reference takes the k largest of all points, those outside counting as
 * 0; of those taken the ones inside answer for the box. */
static void claim(struct loss *l, int image, int g, const float *box, int label)
{
	size_t row = (size_t)image * (size_t)l->points;
	struct ranked *r = l->ranked + row;
	int k = l->tal_topk < l->points ? l->tal_topk : l->points;

	for (int p = 0; p < l->points; p++) {
		struct loss_point q = loss_point_at(l, p);
		float iou;

		r[p].index = p;
		r[p].value = loss_inside(&q, box)
				     ? metric(l, image, p, &q, box, label, &iou)
				     : 0;
	}
	topk_select(r, l->points, k);
	for (int i = 0; i < k; i++) {
		struct loss_point q = loss_point_at(l, r[i].index);

		if (!loss_inside(&q, box))
			continue;
		l->box[row + (size_t)r[i].index] = g;
		l->claims[row + (size_t)r[i].index]++;
	}
}

/* A point that several boxes chose goes to the one its prediction overlaps
 * most, among all boxes of the image. */
static int most_overlapped(const float *pred, const float *boxes, int count)
{
	float best = -1;
	int won = 0;

	for (int g = 0; g < count; g++) {
		float iou = loss_iou(boxes + 4 * g, pred, 1e-9f);

		if (iou > best) {
			best = iou;
			won = g;
		}
	}
	return won;
}

/* Scores of one box's points: t scaled so that the best gets the box's best
 * IoU. */
static void score_box(struct loss *l, int image, int g, const float *box,
		      int label)
{
	size_t row = (size_t)image * (size_t)l->points;
	float top_iou = 0;
	double top = 0;

	for (int pass = 0; pass < 2; pass++) {
		for (int p = 0; p < l->points; p++) {
			struct loss_point q;
			double t;
			float iou;

			if (l->box[row + (size_t)p] != g)
				continue;
			q = loss_point_at(l, p);
			t = metric(l, image, p, &q, box, label, &iou);
			if (pass == 1) {
				l->score[row + (size_t)p] =
					(float)t / ((float)top + 1e-9f) *
					top_iou;
				continue;
			}
			top = t > top ? t : top;
			top_iou = iou > top_iou ? iou : top_iou;
		}
	}
}

void loss_tal(struct loss *l, int image)
{
	const struct loss_input *in = &l->input;
	const float *boxes = in->boxes + (size_t)image * (size_t)in->most * 4;
	const int *labels = in->labels + (size_t)image * (size_t)in->most;
	size_t row = (size_t)image * (size_t)l->points;
	int count = in->counts[image];

	for (int g = 0; g < count; g++)
		claim(l, image, g, boxes + 4 * g, labels[g]);
	for (int p = 0; p < l->points; p++)
		if (l->claims[row + (size_t)p] > 1)
			l->box[row + (size_t)p] = most_overlapped(
				l->pred + 4 * (row + (size_t)p), boxes, count);
	for (int g = 0; g < count; g++)
		score_box(l, image, g, boxes + 4 * g, labels[g]);
}

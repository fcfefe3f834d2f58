/* Adaptive training sample selection: for each box the nearest points of each
 * level are candidates; those whose anchor overlaps the box more than the
 * candidates' mean + deviation, and that lie inside it, answer for it. Called
 * for an image in the first epochs, while predictions say little yet: it asks
 * them for nothing but the target score. */
#include "loss/assign.h"

#include "box/box.h"

#include <math.h>

/* topk of an assigner is at most 64 (family/ppyoloe/keys.c). */
#define MAX_CANDIDATES (HEAD_MOST * 64)

struct candidate {
	int point;
	float iou;
};

/* The square anchor of a point: five strides wide. */
static float anchor_iou(const struct assign_point *q, const float *box)
{
	float half = 2.5f * q->stride;
	float anchor[4] = { q->x - half, q->y - half, q->x + half,
			    q->y + half };

	return box_iou(box, anchor, 1e-10f);
}

/* The k nearest points of a level into best[0 .. k); returns k. loss.c has seen
 * to it that the level has as many. Distances are float, as the reference
 * computes them, for equal ones are the rule; topk_select takes the same ones
 * of them. */
static int nearest(const struct assignment *a, int image, int level,
		   const float *box, struct candidate *best)
{
	struct ranked *r = a->ranked + (size_t)image * (size_t)a->points;
	const struct assign_level *lv = &a->levels[level];
	float cx = (box[0] + box[2]) / 2, cy = (box[1] + box[3]) / 2;
	int area = lv->h * lv->w, k = a->options.atss_topk;

	for (int i = 0; i < area; i++) {
		struct assign_point q = assign_point_at(a, a->first[level] + i);
		float dx = cx - q.x, dy = cy - q.y;

		/* The largest value is the nearest point. */
		r[i].value = -(double)sqrtf(dx * dx + dy * dy);
		r[i].index = a->first[level] + i;
	}
	topk_select(r, area, k);
	for (int i = 0; i < k; i++)
		best[i].point = r[i].index;
	return k;
}

/* Mean + deviation of the candidates, with n - 1, in double: n is topk times
 * levels. */
static float threshold(const struct candidate *c, int n)
{
	double sum = 0, squares = 0, mean;

	for (int i = 0; i < n; i++)
		sum += c[i].iou;
	mean = sum / n;
	for (int i = 0; i < n; i++)
		squares += (c[i].iou - mean) * (c[i].iou - mean);
	return (float)(mean + sqrt(squares / (n - 1)));
}

static void claim(struct assignment *a, int image, int g, const float *box)
{
	struct candidate c[MAX_CANDIDATES];
	size_t row = (size_t)image * (size_t)a->points;
	float limit;
	int n = 0;

	for (int level = 0; level < a->input.levels; level++)
		n += nearest(a, image, level, box, c + n);
	for (int i = 0; i < n; i++) {
		struct assign_point q = assign_point_at(a, c[i].point);

		c[i].iou = anchor_iou(&q, box);
	}
	limit = threshold(c, n);
	for (int i = 0; i < n; i++) {
		struct assign_point q = assign_point_at(a, c[i].point);

		/* Strictly above. A point of two boxes keeps the last until the
		 * end; claims tell. */
		if (c[i].iou <= limit || !assign_inside(&q, box))
			continue;
		a->box[row + (size_t)c[i].point] = g;
		a->claims[row + (size_t)c[i].point]++;
	}
}

/* A point that several boxes chose goes to the one its anchor overlaps most,
 * among all boxes of the image. */
static int most_overlapped(const struct assign_point *q, const float *boxes,
			   int count)
{
	float best = -1;
	int won = 0;

	for (int g = 0; g < count; g++) {
		float iou = anchor_iou(q, boxes + 4 * g);

		if (iou > best) {
			best = iou;
			won = g;
		}
	}
	return won;
}

void assign_atss(struct assignment *a, int image)
{
	const struct loss_input *in = &a->input;
	const float *boxes = in->boxes + (size_t)image * (size_t)in->most * 4;
	size_t row = (size_t)image * (size_t)a->points;

	for (int g = 0; g < in->counts[image]; g++)
		claim(a, image, g, boxes + 4 * g);
	for (int p = 0; p < a->points; p++) {
		size_t i = row + (size_t)p;

		if (a->claims[i] > 1) {
			struct assign_point q = assign_point_at(a, p);

			a->box[i] =
				most_overlapped(&q, boxes, in->counts[image]);
		}
		/* Soft targets from the start: how well the box is met. */
		if (a->box[i] >= 0)
			a->score[i] = box_iou(boxes + 4 * a->box[i],
					      a->pred + 4 * i, 1e-9f);
	}
}

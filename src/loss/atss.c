#include "loss/loss_priv.h"

#include <math.h>

/* Adaptive training sample selection: for each box the nearest points of each
 * level are candidates; those whose anchor overlaps the box more than the
 * candidates' mean + deviation, and that lie inside it, answer for it. */

#define MAX_CANDIDATES (HEAD_MOST * 64)

struct candidate {
	int point;
	float iou;
};

/* The square anchor of a point: five strides wide. */
static float anchor_iou(const struct loss_point *q, const float *box)
{
	float half = 2.5f * q->stride;
	float anchor[4] = { q->x - half, q->y - half, q->x + half,
			    q->y + half };

	return loss_iou(box, anchor, 1e-10f);
}

/* The k nearest points of a level. */
static int nearest(const struct loss *l, int image, int level, const float *box,
		   struct candidate *best)
{
	struct ranked *r = l->ranked + (size_t)image * (size_t)l->points;
	const struct loss_level *lv = &l->levels[level];
	float cx = (box[0] + box[2]) / 2, cy = (box[1] + box[3]) / 2;
	int area = lv->h * lv->w, k = l->atss_topk;

	for (int i = 0; i < area; i++) {
		struct loss_point q = loss_point_at(l, l->first[level] + i);
		float dx = cx - q.x, dy = cy - q.y;

		r[i].value = -(double)sqrtf(dx * dx + dy * dy);
		r[i].index = l->first[level] + i;
	}
	topk_select(r, area, k);
	for (int i = 0; i < k; i++)
		best[i].point = r[i].index;
	return k;
}

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

static void claim(struct loss *l, int image, int g, const float *box)
{
	struct candidate c[MAX_CANDIDATES];
	size_t row = (size_t)image * (size_t)l->points;
	float limit;
	int n = 0;

	for (int level = 0; level < l->input.levels; level++)
		n += nearest(l, image, level, box, c + n);
	for (int i = 0; i < n; i++) {
		struct loss_point q = loss_point_at(l, c[i].point);

		c[i].iou = anchor_iou(&q, box);
	}
	limit = threshold(c, n);
	for (int i = 0; i < n; i++) {
		struct loss_point q = loss_point_at(l, c[i].point);

		if (c[i].iou <= limit || !loss_inside(&q, box))
			continue;
		l->box[row + (size_t)c[i].point] = g;
		l->claims[row + (size_t)c[i].point]++;
	}
}

/* A point that several boxes chose goes to the one its anchor overlaps most,
 * among all boxes of the image. */
static int most_overlapped(const struct loss *l, const struct loss_point *q,
			   const float *boxes, int count)
{
	float best = -1;
	int won = 0;

	(void)l;
	for (int g = 0; g < count; g++) {
		float iou = anchor_iou(q, boxes + 4 * g);

		if (iou > best) {
			best = iou;
			won = g;
		}
	}
	return won;
}

void loss_atss(struct loss *l, int image)
{
	const struct loss_input *in = &l->input;
	const float *boxes = in->boxes + (size_t)image * (size_t)in->most * 4;
	size_t row = (size_t)image * (size_t)l->points;

	for (int g = 0; g < in->counts[image]; g++)
		claim(l, image, g, boxes + 4 * g);
	for (int p = 0; p < l->points; p++) {
		size_t i = row + (size_t)p;

		if (l->claims[i] > 1) {
			struct loss_point q = loss_point_at(l, p);

			l->box[i] = most_overlapped(l, &q, boxes,
						    in->counts[image]);
		}
		/* Soft targets from the start: how well the box is met. */
		if (l->box[i] >= 0)
			l->score[i] = loss_iou(boxes + 4 * l->box[i],
					       l->pred + 4 * i, 1e-9f);
	}
}

#include "loss/loss_priv.h"

#include <math.h>

/* GIoU and distribution focal loss of one positive point, in units of its
 * stride, and their gradients down to the 4 x 17 logits.
 *
 * With the prediction P = (x1, y1, x2, y2), the box T, I the intersection's
 * area, U = A_P + A_T - I + e the union, C the enclosing box's area + e:
 *     giou = I / U - (C - U) / C = I / U + U / C - 1
 *     d giou = dI / U - I dU / U^2 + dU / C - U dC / C^2,  dU = dA_P - dI
 * where dI and dC per coordinate are the other side's length where the
 * prediction sets that edge, and 0 elsewhere. */

#define EPSILON 1e-10

struct edges {
	double v, d[4]; /* a value and its slope by P's coordinates */
};

/* Overlap (inner) or hull (outer) of P and T along x and y, as an area. */
static struct edges meet(const double *p, const double *t, bool inner)
{
	struct edges e = { 0 };
	double side[2];
	bool low[2], high[2];

	for (int a = 0; a < 2; a++) {
		/* the inner box begins at the larger start */
		low[a] = inner ? p[a] > t[a] : p[a] < t[a];
		high[a] = inner ? p[a + 2] < t[a + 2] : p[a + 2] > t[a + 2];
		side[a] = (high[a] ? p[a + 2] : t[a + 2]) -
			  (low[a] ? p[a] : t[a]);
	}
	if (inner && (side[0] <= 0 || side[1] <= 0))
		return e;
	e.v = side[0] * side[1];
	for (int a = 0; a < 2; a++) {
		e.d[a] = low[a] ? -side[1 - a] : 0;
		e.d[a + 2] = high[a] ? side[1 - a] : 0;
	}
	return e;
}

/* 1 - giou, and its slope by the prediction's coordinates. */
static double giou_loss(const double *p, const double *t, double slope[4])
{
	struct edges i = meet(p, t, true), c = meet(p, t, false);
	double w = p[2] - p[0], h = p[3] - p[1];
	double area[4] = { -h, -w, h, w };
	double u = w * h + (t[2] - t[0]) * (t[3] - t[1]) - i.v + EPSILON;

	c.v += EPSILON;
	for (int k = 0; k < 4; k++) {
		double du = area[k] - i.d[k];

		slope[k] = -(i.d[k] / u - i.v * du / (u * u) + du / c.v -
			     u * c.d[k] / (c.v * c.v));
	}
	return 1 - (i.v / u - (c.v - u) / c.v);
}

/* Cross entropy towards the two bins beside the target distance; adds
 * factor (p - target) to the gradient. */
static double dfl_side(const float *p, double target, double factor,
		       float *dlogit)
{
	double t = target < 0 ? 0 : target > 15.99 ? 15.99 : target;
	int left = (int)t;
	double right_weight = t - left, left_weight = 1 - right_weight;

	for (int j = 0; j < LOSS_BINS; j++)
		dlogit[j] += (float)(factor * p[j]);
	dlogit[left] -= (float)(factor * left_weight);
	dlogit[left + 1] -= (float)(factor * right_weight);
	return -(left_weight * log(fmax(p[left], 1e-38)) +
		 right_weight * log(fmax(p[left + 1], 1e-38)));
}

void loss_box_point(struct loss *l, int image, int point,
		    double sums[LOSS_COUNT])
{
	struct loss_point q = loss_point_at(l, point);
	struct loss_level *lv = &l->levels[q.level];
	size_t at = (size_t)image * (size_t)(lv->h * lv->w) + (size_t)q.at;
	size_t i = (size_t)image * (size_t)l->points + (size_t)point;
	const float *box =
		l->input.boxes +
		((size_t)image * (size_t)l->input.most + (size_t)l->box[i]) * 4;
	const float *logit = lv->reg + at * 4 * LOSS_BINS;
	float *dlogit = lv->dreg + at * 4 * LOSS_BINS;
	float p[4][LOSS_BINS];
	double w = l->score[i] / l->normaliser;
	double x = q.x / q.stride, y = q.y / q.stride;
	double pred[4], target[4], slope[4], distance[4];

	for (int k = 0; k < 4; k++) {
		double d = loss_softmax(logit + k * LOSS_BINS, p[k]);
		double centre = k % 2 ? y : x;

		distance[k] = d;
		pred[k] = k < 2 ? centre - d : centre + d;
		target[k] = (double)box[k] / q.stride;
		sums[LOSS_L1] += fabs(pred[k] - target[k]);
	}
	sums[LOSS_IOU] += giou_loss(pred, target, slope) * w;
	for (int k = 0; k < 4; k++) {
		double to = k < 2 ? -slope[k] : slope[k]; /* by distance */
		double t = k < 2 ? (k % 2 ? y : x) - target[k]
				 : target[k] - (k % 2 ? y : x);
		double factor = l->weight_dfl * w / 4;

		/* d expectation / d logit_j = p_j (j - expectation) */
		for (int j = 0; j < LOSS_BINS; j++)
			dlogit[k * LOSS_BINS + j] =
				(float)(l->weight_iou * w * to * p[k][j] *
					(j - distance[k]));
		sums[LOSS_DFL] +=
			dfl_side(p[k], t, factor, dlogit + k * LOSS_BINS) * w /
			4;
	}
}

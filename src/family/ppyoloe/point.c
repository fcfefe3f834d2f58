/* What one point that answers for a box has of the losses: the varifocal loss of its
 * class (arXiv 2008.13367), and GIoU, distribution focal and L1 loss of its box in
 * units of its stride, down to the gradients of 4 x 17 logits. loss.c calls both
 * for the points that its assigner chose. */
#include "family/ppyoloe/ppyoloe_priv.h"

#include "loss/bins.h"
#include "loss/giou.h"

/* The reference computes through p = sigmoid(z) in float32: its logarithms stop
 * at -100, where they jump from -88.7 because exp(-z) overflows and p becomes 0;
 * its gradient passes through p (1 - p) / max(p (1 - p), 1e-12),
 * which is 1 but for z below -27, and 0 where p has become 1 (z above 17). A
 * point so sure and so wrong pushes no more. Early in training with a high
 * learning rate thousands of points get there; without this rule their sum
 * throws the weights away. */
#define LOG_BOUND 100.0f
#define LOG_JUMP 88.722839f /* ln of the largest float */
#define SLOPE_BOUND 1e-12f

/* q BCE(p, q), d = q (p - q), less what varifocal() has counted. */
double ppyoloe_positive(float z, float q, float *dlogit, float factor)
{
	float e = fl_exp(z < 0 ? z : -z), inv = 1 / (1 + e);
	float p = z < 0 ? e * inv : inv, slope = p * (1.0f - p);
	float s = (z < 0 ? 0 : z) + fl_log(1 + e); /* -ln(1 - p) */
	float t = s - z;			   /* -ln p */

	s = p == 1 || s > LOG_BOUND ? LOG_BOUND : s;
	t = t > LOG_JUMP ? LOG_BOUND : t;
	slope = slope < SLOPE_BOUND ? slope / SLOPE_BOUND : 1;
	*dlogit = factor * q * (p - q) * slope;
	return (double)(q * (q * t + (1 - q) * s)) -
	       (double)(0.75f * p * p * s);
}

/* What the slope by a distance, and the distribution focal loss, come to at the
 * logits of one side. */
static double side_loss(const struct ppyoloe_weights *weights, const float *p,
			double distance, double target, double slope,
			double share, float *dlogit)
{
	/* d expectation / d logit_j = p_j (j - expectation) */
	for (int j = 0; j < PPYOLOE_BINS; j++)
		dlogit[j] = (float)(weights->iou * share * slope * p[j] *
				    (j - distance));
	return bins_focal_loss(p, PPYOLOE_BINS, target,
			       weights->dfl * share / 4, dlogit) *
	       share / 4;
}

void ppyoloe_box(const struct ppyoloe_weights *weights,
		 const struct assign_point *q, const float *box, double share,
		 const float *logit, float *dlogit, double sums[PPYOLOE_LOSSES])
{
	float p[4][PPYOLOE_BINS];
	double centre[2] = { q->x / q->stride, q->y / q->stride };
	double pred[4], target[4], slope[4], distance[4];

	for (int k = 0; k < 4; k++) {
		double d = bins_expectation(logit + k * PPYOLOE_BINS,
					    PPYOLOE_BINS, p[k]);
		double c = centre[k % 2];

		distance[k] = d;
		pred[k] = k < 2 ? c - d : c + d;
		target[k] = (double)box[k] / q->stride;
		/* Only told, never trained by. */
		sums[PPYOLOE_L1] += fabs(pred[k] - target[k]);
	}
	sums[PPYOLOE_IOU] += giou_loss(pred, target, slope) * share;
	for (int k = 0; k < 4; k++) {
		double c = centre[k % 2];
		double to = k < 2 ? c - target[k] : target[k] - c;

		/* Left and top are taken off the centre: the slope by the
		 * distance changes its sign. */
		sums[PPYOLOE_DFL] +=
			side_loss(weights, p[k], distance[k], to,
				  k < 2 ? -slope[k] : slope[k], share,
				  dlogit + k * PPYOLOE_BINS);
	}
}

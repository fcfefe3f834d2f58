/* bins.h - a distance as a distribution over whole numbers (GFL, arXiv 2006.04388):
 * its softmax, its expectation, and the distribution focal loss.
 *
 * Inline, so that a family's number of bins is a constant in the loops over it.
 */
#ifndef FL_LOSS_BINS_H
#define FL_LOSS_BINS_H

#include "base/fast_math.h"

#include <math.h>

/* Softmax of the logits into p; returns the expectation. */
static inline float bins_expectation(const float *logit, int bins, float *p)
{
	float top = logit[0], sum = 0, moment = 0;

	for (int j = 1; j < bins; j++)
		top = logit[j] > top ? logit[j] : top;
	for (int j = 0; j < bins; j++)
		p[j] = fl_exp(logit[j] - top);
	for (int j = 0; j < bins; j++)
		sum += p[j];
	for (int j = 0; j < bins; j++) {
		p[j] /= sum;
		moment += p[j] * (float)j;
	}
	return moment;
}

/* Cross entropy of p towards the two bins beside the target distance, which is
 * kept a hundredth below the last; adds factor (p - target) to the gradient. */
static inline double bins_focal_loss(const float *p, int bins, double target,
				     double factor, float *dlogit)
{
	double most = bins - 2 + 0.99;
	double t = target < 0 ? 0 : target > most ? most : target;
	int left = (int)t;
	double right_weight = t - left, left_weight = 1 - right_weight;

	for (int j = 0; j < bins; j++)
		dlogit[j] += (float)(factor * p[j]);
	dlogit[left] -= (float)(factor * left_weight);
	dlogit[left + 1] -= (float)(factor * right_weight);
	return -(left_weight * log(fmax(p[left], 1e-38)) +
		 right_weight * log(fmax(p[left + 1], 1e-38)));
}

#endif

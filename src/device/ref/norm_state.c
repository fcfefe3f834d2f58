/* What stands between the passes of a batch normalisation, for the cpu too: from
 * sums over pixels and ranks to the vectors of the next pass (device/op.h).
 *
 * After the reference: eps 1e-5, running = 0.9 running + 0.1 batch, biased
 * variance in both uses. Sums travel as doubles with their count in front, so
 * that R ranks of b images have the statistics of one rank of R b. With
 * equal_ranks every rank sends averages and a count of 1 instead (the
 * reference's SyncBatchNorm, whose backward divides the sums over ranks by R
 * and its own count). */
#include "device/ref/norm.h"

#include <math.h>

/* PP-YOLOE+'s factor stands before the 1x1 branch alone (branch 1); PP-YOLOE
 * has none. */
static float alpha(const struct dev_norm *n, int branch)
{
	return branch == 1 && n->alpha ? *n->alpha : 1;
}

/* A batch of one value per channel has no statistics: passed through. */
static bool single(const struct dev_norm *n)
{
	return *n->count == 1;
}

void ref_norm_own(struct dev_queue *q, const struct dev_norm *n, double *sums)
{
	size_t count = 2 * (size_t)n->branches * (size_t)n->channels;

	(void)q;
	sums[0] = n->pixels;
	/* i <= count: the count in front is divided too and becomes 1. */
	for (size_t i = 0; n->equal_ranks && i <= count; i++)
		sums[i] /= n->pixels; /* averages, and a count of 1 */
}

static void pass_through(const struct dev_norm *n, int k)
{
	for (int i = 0; i < n->channels; i++) {
		n->mean[k][i] = 0;
		n->inverse[k][i] = 1;
		n->scale[k][i] = alpha(n, k);
		n->shift[k][i] = 0;
	}
}

static void set_affine(const struct dev_norm *n, int k)
{
	float a = alpha(n, k);

	for (int i = 0; i < n->channels; i++) {
		double s = (double)a * (double)n->gamma[k][i] *
			   (double)n->inverse[k][i];

		n->scale[k][i] = (float)s;
		n->shift[k][i] = a * n->beta[k][i];
	}
}

static float inverse_of(double variance)
{
	return (float)(1 / sqrt(variance + DEV_NORM_EPSILON));
}

/* From sums (sum, sum of squares) of a branch to mean, 1 / deviation and the
 * running statistics. */
static void batch_statistics(const struct dev_norm *n, int k,
			     const double *sums, double count)
{
	const float keep = DEV_NORM_KEEP;
	float *mean = n->running_mean[k], *var = n->running_variance[k];

	for (int i = 0; i < n->channels; i++) {
		double u = sums[i] / count;
		double v = sums[n->channels + i] / count - u * u;

		/* The difference of two sums may come out below 0 by
		 * rounding. */
		v = v > 0 ? v : 0;
		n->mean[k][i] = (float)u;
		n->inverse[k][i] = inverse_of(v);
		mean[i] = keep * mean[i] + (1 - keep) * (float)u;
		var[i] = keep * var[i] + (1 - keep) * (float)v;
	}
}

void ref_norm_finish(struct dev_queue *q, const struct dev_norm *n,
		     const double *sums)
{
	(void)q;
	*n->count = n->equal_ranks ? sums[0] * n->pixels : sums[0];
	for (int k = 0; k < n->branches; k++) {
		if (single(n)) {
			pass_through(n, k);
			continue;
		}
		batch_statistics(n, k, sums + 1 + 2 * k * n->channels, sums[0]);
		set_affine(n, k);
	}
}

void ref_norm_running(struct dev_queue *q, const struct dev_norm *n)
{
	(void)q;
	for (int k = 0; k < n->branches; k++) {
		for (int i = 0; i < n->channels; i++) {
			n->mean[k][i] = n->running_mean[k][i];
			n->inverse[k][i] =
				inverse_of((double)n->running_variance[k][i]);
		}
		set_affine(n, k);
	}
}

/* Data parallel training averages these like all other gradients. */
void ref_norm_params(struct dev_queue *q, const struct dev_norm *n,
		     double *sums)
{
	const double *all = sums + 1;

	(void)q;
	for (int k = 0; k < n->branches; k++) {
		const double *centred = all + (1 + k) * n->channels;
		/* g and gz are sums over pixels of dy and of dy times the
		 * normalised z; one value passed through unchanged has neither,
		 * and alpha's is then the plain product. */
		double a = (double)alpha(n, k), dalpha = 0;

		for (int i = 0; i < n->channels; i++) {
			double g = single(n) ? 0 : all[i];
			double gz =
				single(n)
					? 0
					: centred[i] * (double)n->inverse[k][i];

			n->dgamma[k][i] = (float)(a * gz);
			n->dbeta[k][i] = (float)(a * g);
			dalpha += single(n) ? centred[i]
					    : (double)n->gamma[k][i] * gz +
						      (double)n->beta[k][i] * g;
		}
		if (k == 1 && n->alpha)
			*n->dalpha = (float)dalpha;
	}
	/* The sums travel to the other ranks next, with the count that they are
	 * divided by. Where ranks count alike it is 1 each, and the sums stay
	 * sums, as SyncBatchNorm's backward has it. */
	sums[0] = n->equal_ranks ? 1 : n->pixels;
}

void ref_norm_coefficients(struct dev_queue *q, const struct dev_norm *n,
			   const double *sums)
{
	const double *all = sums + 1;
	/* With equal_ranks: sums over R ranks, n of this rank, R times. */
	double count = n->equal_ranks ? sums[0] * n->pixels : sums[0];

	(void)q;
	for (int k = 0; k < n->branches; k++) {
		const double *centred = all + (1 + k) * n->channels;

		for (int i = 0; i < n->channels; i++) {
			double scale = (double)n->scale[k][i];
			double inv = (double)n->inverse[k][i];

			n->a[k][i] = (float)scale;
			n->b[k][i] = single(n) ? 0
					       : (float)(-scale * inv * inv *
							 centred[i] / count);
			n->d[k][i] = single(n)
					     ? 0
					     : (float)(-scale * all[i] / count);
		}
	}
}

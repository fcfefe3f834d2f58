/* The passes of batch normalisation over pixels, pixel by pixel in double. What
 * stands between them is in norm_state.c, and graph/norm.c calls both in turn:
 * stats, norm_finish, forward; backward_sums, norm_coefficients,
 * backward_apply. The sums over ranks go in between. */
#include "device/ref/norm.h"

#include "tensor/value.h"

#include <math.h>
#include <string.h>

/* Channel i of pixel p. */
static float get(const struct tensor *t, size_t p, size_t i)
{
	return tensor_get(t, p * (size_t)t->ld + i);
}

static void put(const struct tensor *t, size_t p, size_t i, float v)
{
	tensor_put(t, p * (size_t)t->ld + i, v);
}

/* sums: [2][C]. E[x^2] - E[x]^2 follows in norm_state.c; in double there are
 * digits enough for that. */
void ref_norm_stats(struct dev_queue *q, const struct tensor *z, double *sums)
{
	size_t n = tensor_pixels(z), c = (size_t)z->c;

	(void)q;
	memset(sums, 0, 2 * c * sizeof(*sums));
	for (size_t p = 0; p < n; p++) {
		for (size_t i = 0; i < c; i++) {
			double v = get(z, p, i);

			sums[i] += v;
			sums[c + i] += v * v;
		}
	}
}

/* What goes into the activation: the sum of the branches. The mean is taken off
 * first: folded into the shift it costs digits where it is large beside the
 * deviation. */
static double preactivation(const struct dev_branch *b, int count, size_t p,
			    size_t i)
{
	double s = 0;

	for (int k = 0; k < count; k++)
		s += (double)b[k].scale[i] *
			     ((double)get(&b[k].z, p, i) - b[k].mean[i]) +
		     b[k].shift[i];
	return s;
}

static double sigmoid(double s)
{
	return 1 / (1 + exp(-s));
}

void ref_norm_forward(struct dev_queue *q, const struct dev_branch *branches,
		      int count, enum dev_act act,
		      const struct tensor *residual, const struct tensor *y)
{
	size_t n = tensor_pixels(y);

	(void)q;
	for (size_t p = 0; p < n; p++) {
		for (size_t i = 0; i < (size_t)y->c; i++) {
			double s = preactivation(branches, count, p, i);

			if (act == DEV_ACT_SILU)
				s *= sigmoid(s);
			if (residual)
				s += get(residual, p, i);
			put(y, p, i, (float)s);
		}
	}
}

void ref_norm_backward_sums(struct dev_queue *q,
			    const struct dev_branch *branches, int count,
			    enum dev_act act, const struct tensor *dy,
			    const struct tensor *g, double *sums)
{
	size_t n = tensor_pixels(dy), c = (size_t)dy->c;

	(void)q;
	memset(sums, 0, (1 + (size_t)count) * c * sizeof(*sums));
	for (size_t p = 0; p < n; p++) {
		for (size_t i = 0; i < c; i++) {
			double d = get(dy, p, i);

			if (act == DEV_ACT_SILU) {
				double s = preactivation(branches, count, p, i);
				/* SiLU's slope, from s computed again: keeping
				 * it would be one more map in memory. */
				double u = sigmoid(s);

				d *= u * (1 + s * (1 - u));
			}
			/* The sums take d before it is rounded to the map's
			 * type; only backward_apply sees the rounded one. */
			put(g, p, i, (float)d);
			sums[i] += d;
			for (int k = 0; k < count; k++)
				sums[(1 + (size_t)k) * c + i] +=
					d * ((double)get(&branches[k].z, p, i) -
					     branches[k].mean[i]);
		}
	}
}

void ref_norm_backward_apply(struct dev_queue *q, const struct tensor *g,
			     const struct tensor *z, const float *mean,
			     const float *a, const float *b, const float *d,
			     const struct tensor *dz)
{
	size_t n = tensor_pixels(g);

	(void)q;
	for (size_t p = 0; p < n; p++)
		for (size_t i = 0; i < (size_t)g->c; i++)
			/* dz = a g + b (z - mean) + d. dz may be g itself: each
			 * element is read before it is written. */
			put(dz, p, i,
			    (float)((double)a[i] * get(g, p, i) +
				    (double)b[i] *
					    ((double)get(z, p, i) - mean[i]) +
				    d[i]));
}

/* flat.inc.h - the loops over vectors and parameters, which are float always;
 * included by kernels_<isa>.c, which define FLAT_KERNELS, the name of the table. */

#include "base/fast_math.h"
#include "device/cpu/kernels.h"
#include "device/cpu/loops.h"

#define LANES 16

static float dot(const float *a, const float *b, size_t n)
{
	float acc[LANES] = { 0 }, total = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (int l = 0; l < LANES; l++)
			acc[l] += a[i + (size_t)l] * b[i + (size_t)l];
	for (; i < n; i++)
		total += a[i] * b[i];
	for (int l = 0; l < LANES; l++)
		total += acc[l];
	return total;
}

static void axpy(float a, const float *x, float *y, size_t n)
{
	VECTOR
	for (size_t i = 0; i < n; i++)
		y[i] += a * x[i];
}

/* Up to SPAN * LANES terms in LANES float sums. */
static double varifocal_span(const float *z, size_t n, float factor, float *dz)
{
	float term[SPAN * LANES], acc[LANES] = { 0 };
	double total = 0;

	VECTOR
	for (size_t i = 0; i < n; i++) {
		float e = fl_exp(z[i] < 0 ? z[i] : -z[i]), inv = 1 / (1 + e);
		float p = z[i] < 0 ? e * inv : inv, w = 0.75f * p * p;
		float s = (z[i] < 0 ? 0 : z[i]) + fl_log(1 + e);
		float d = factor * (w * (p + 2 * (1 - p) * s));

		term[i] = w * (p == 1 ? 100.0f : s);
		dz[i] = p == 1 ? 0 : d;
	}
	for (size_t i = n; i % LANES; i++)
		term[i] = 0;
	for (size_t i = 0; i < n; i += LANES)
		for (size_t l = 0; l < LANES; l++)
			acc[l] += term[i + l];
	for (int l = 0; l < LANES; l++)
		total += (double)acc[l];
	return total;
}

static double varifocal(const float *z, size_t n, float factor, float *dz)
{
	double total = 0;

	for (size_t i = 0; i < n; i += SPAN * LANES)
		total += varifocal_span(
			z + i, n - i < SPAN * LANES ? n - i : SPAN * LANES,
			factor, dz + i);
	return total;
}

static void momentum(float *w, float *v, const float *g, size_t n, float lr,
		     float mu, float wd)
{
	VECTOR
	for (size_t i = 0; i < n; i++) {
		v[i] = mu * v[i] + (g[i] + wd * w[i]);
		w[i] -= lr * v[i];
	}
}

static void ema(float *e, const float *w, size_t n, float keep, float take)
{
	VECTOR
	for (size_t i = 0; i < n; i++)
		e[i] = keep * e[i] + take * w[i];
}

static double sum_squares(const float *x, size_t n)
{
	double acc[LANES] = { 0 }, total = 0;
	size_t i = 0;

	for (; i + LANES <= n; i += LANES)
		for (int l = 0; l < LANES; l++)
			acc[l] += (double)x[i + (size_t)l] *
				  (double)x[i + (size_t)l];
	for (; i < n; i++)
		total += (double)x[i] * (double)x[i];
	for (int l = 0; l < LANES; l++)
		total += acc[l];
	return total;
}

const struct flat_kernels FLAT_KERNELS = {
	.dot = dot,
	.axpy = axpy,
	.varifocal = varifocal,
	.momentum = momentum,
	.ema = ema,
	.sum_squares = sum_squares,
};

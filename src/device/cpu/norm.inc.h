/* norm.inc.h - a normalisation's loops over maps, which compilers vectorise; a part of
 * kernels.inc.h. */

#include "base/fast_math.h"

/* Sums of x and x^2, taken around the first pixel of the range: a mean far
 * from zero would cost the variance its digits in float. */
static void stats(const struct tensor *z, size_t first, size_t last,
		  double *sums)
{
	float acc[2 * CPU_MAX_CHANNELS];
	const map_value *restrict pivot = pixel(z, first);
	size_t c = (size_t)z->c;
	double n = (double)(last - first);

	memset(acc, 0, 2 * c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		const map_value *restrict x = pixel(z, p);
		float *restrict s = acc, *restrict q = acc + c;

		for (size_t i = 0; i < c; i++) {
			float d = load(x[i]) - load(pivot[i]);

			s[i] += d;
			q[i] += d * d;
		}
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, 2 * c);
	}
	for (size_t i = 0; i < c; i++) {
		double m = (double)load(pivot[i]);

		sums[c + i] += m * (2 * sums[i] + n * m);
		sums[i] += n * m;
	}
}

/* One pixel; two, silu and r are constants at every call. */
INLINE void norm_pixel(const struct dev_branch *b, size_t p, bool two,
		       bool silu, const map_value *r, map_value *out, size_t c)
{
	const map_value *z0 = pixel(&b[0].z, p);
	const map_value *z1 = two ? pixel(&b[1].z, p) : z0;
	const float *a0 = b[0].scale, *b0 = b[0].shift, *m0 = b[0].mean;
	const float *a1 = two ? b[1].scale : a0, *b1 = two ? b[1].shift : b0;
	const float *m1 = two ? b[1].mean : m0;

	VECTOR
	for (size_t i = 0; i < c; i++) {
		float s = a0[i] * (load(z0[i]) - m0[i]) + b0[i];

		if (two)
			s += a1[i] * (load(z1[i]) - m1[i]) + b1[i];
		if (silu)
			s /= 1.0f + fl_exp(-s);
		out[i] = store(r ? s + load(r[i]) : s);
	}
}

INLINE void norm_range(const struct dev_branch *b, bool two, bool silu,
		       const struct tensor *residual, const struct tensor *y,
		       size_t first, size_t last)
{
	size_t c = (size_t)y->c;

	if (residual)
		for (size_t p = first; p < last; p++)
			norm_pixel(b, p, two, silu, pixel(residual, p),
				   pixel_mut(y, p), c);
	else
		for (size_t p = first; p < last; p++)
			norm_pixel(b, p, two, silu, NULL, pixel_mut(y, p), c);
}

static void norm(const struct dev_branch *b, int count, enum dev_act act,
		 const struct tensor *residual, const struct tensor *y,
		 size_t first, size_t last)
{
	bool silu = act == DEV_ACT_SILU;

	if (count == 2 && silu)
		norm_range(b, true, true, residual, y, first, last);
	else if (count == 2)
		norm_range(b, true, false, residual, y, first, last);
	else if (silu)
		norm_range(b, false, true, residual, y, first, last);
	else
		norm_range(b, false, false, residual, y, first, last);
}

INLINE void norm_sums_pixel(const struct dev_branch *b, size_t p, bool two,
			    bool silu, const map_value *dy, map_value *g,
			    float *acc, size_t c)
{
	const map_value *z0 = pixel(&b[0].z, p);
	const map_value *z1 = two ? pixel(&b[1].z, p) : z0;
	const float *a0 = b[0].scale, *b0 = b[0].shift, *m0 = b[0].mean;
	const float *a1 = two ? b[1].scale : a0, *b1 = two ? b[1].shift : b0;
	const float *m1 = two ? b[1].mean : m0;
	float *acc1 = acc + c, *acc2 = acc + 2 * c;

	VECTOR
	for (size_t i = 0; i < c; i++) {
		float d = load(dy[i]), x0 = load(z0[i]) - m0[i];
		float x1 = load(z1[i]) - m1[i];

		if (silu) {
			float s = a0[i] * x0 + b0[i], q;

			if (two)
				s += a1[i] * x1 + b1[i];
			q = fl_sigmoid(s);
			d *= q * (1.0f + s * (1.0f - q));
		}
		g[i] = store(d);
		acc[i] += d;
		acc1[i] += d * x0;
		if (two)
			acc2[i] += d * x1;
	}
}

INLINE void norm_sums_range(const struct dev_branch *b, bool two, bool silu,
			    const struct tensor *dy, const struct tensor *g,
			    size_t first, size_t last, double *sums)
{
	size_t c = (size_t)dy->c, rows = two ? 3 : 2;
	float acc[3 * CPU_MAX_CHANNELS];

	memset(acc, 0, rows * c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		norm_sums_pixel(b, p, two, silu, pixel(dy, p), pixel_mut(g, p),
				acc, c);
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, rows * c);
	}
}

static void norm_sums(const struct dev_branch *b, int count, enum dev_act act,
		      const struct tensor *dy, const struct tensor *g,
		      size_t first, size_t last, double *sums)
{
	bool silu = act == DEV_ACT_SILU;

	if (count == 2 && silu)
		norm_sums_range(b, true, true, dy, g, first, last, sums);
	else if (count == 2)
		norm_sums_range(b, true, false, dy, g, first, last, sums);
	else if (silu)
		norm_sums_range(b, false, true, dy, g, first, last, sums);
	else
		norm_sums_range(b, false, false, dy, g, first, last, sums);
}

static void norm_apply(const struct tensor *g, const struct tensor *z,
		       const float *mean, const float *a, const float *b,
		       const float *d, const struct tensor *dz, size_t first,
		       size_t last)
{
	size_t c = (size_t)g->c;

	for (size_t p = first; p < last; p++) {
		const map_value *x = pixel(g, p), *y = pixel(z, p);
		map_value *out = pixel_mut(dz, p);

		VECTOR
		for (size_t i = 0; i < c; i++)
			out[i] = store(a[i] * load(x[i]) +
				       b[i] * (load(y[i]) - mean[i]) + d[i]);
	}
}

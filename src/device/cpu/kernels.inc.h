/* kernels.inc.h - the loops themselves; included by kernels_<isa>.c, which
 * define KERNELS, the name of the table, and KERNELS_NAME. */

#include "base/fast_math.h"
#include "device/cpu/kernels.h"

#include <math.h>
#include <string.h>

/* Pixels summed in float: batch statistics are as good as this is short. */
#define SPAN 8

/* The loop that follows touches the same element of all its operands in one
 * turn, so that working in place is no obstacle to vectors. */
#ifdef __clang__
#define VECTOR _Pragma("clang loop vectorize(assume_safety)")
#else
#define VECTOR _Pragma("GCC ivdep")
#endif
#define INLINE static inline __attribute__((always_inline))

static inline const float *pixel(const struct tensor *t, size_t p)
{
	return (const float *)t->data + p * (size_t)t->ld;
}

static inline float *pixel_mut(const struct tensor *t, size_t p)
{
	return (float *)t->data + p * (size_t)t->ld;
}

/* sums += acc, which is cleared. */
static void flush(float *acc, double *sums, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sums[i] += (double)acc[i];
		acc[i] = 0;
	}
}

/* Sums of x and x^2, taken around the first pixel of the range: a mean far
 * from zero would cost the variance its digits in float. */
static void stats(const float *z, size_t c, size_t first, size_t last,
		  double *sums)
{
	float acc[2 * CPU_MAX_CHANNELS];
	const float *restrict pivot = z + first * c;
	double n = (double)(last - first);

	memset(acc, 0, 2 * c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		const float *restrict x = z + p * c;
		float *restrict s = acc, *restrict q = acc + c;

		for (size_t i = 0; i < c; i++) {
			float d = x[i] - pivot[i];

			s[i] += d;
			q[i] += d * d;
		}
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, 2 * c);
	}
	for (size_t i = 0; i < c; i++) {
		double m = (double)pivot[i];

		sums[c + i] += m * (2 * sums[i] + n * m);
		sums[i] += n * m;
	}
}

/* One pixel; two, silu and r are constants at every call. */
INLINE void norm_pixel(const struct dev_branch *b, size_t p, bool two,
		       bool silu, const float *r, float *out, size_t c)
{
	const float *z0 = pixel(&b[0].z, p), *z1 = two ? pixel(&b[1].z, p) : z0;
	const float *a0 = b[0].scale, *b0 = b[0].shift, *m0 = b[0].mean;
	const float *a1 = two ? b[1].scale : a0, *b1 = two ? b[1].shift : b0;
	const float *m1 = two ? b[1].mean : m0;

	VECTOR
	for (size_t i = 0; i < c; i++) {
		float s = a0[i] * (z0[i] - m0[i]) + b0[i];

		if (two)
			s += a1[i] * (z1[i] - m1[i]) + b1[i];
		if (silu)
			s /= 1.0f + fl_exp(-s);
		out[i] = r ? s + r[i] : s;
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
			    bool silu, const float *dy, float *g, float *acc,
			    size_t c)
{
	const float *z0 = pixel(&b[0].z, p), *z1 = two ? pixel(&b[1].z, p) : z0;
	const float *a0 = b[0].scale, *b0 = b[0].shift, *m0 = b[0].mean;
	const float *a1 = two ? b[1].scale : a0, *b1 = two ? b[1].shift : b0;
	const float *m1 = two ? b[1].mean : m0;
	float *acc1 = acc + c, *acc2 = acc + 2 * c;

	VECTOR
	for (size_t i = 0; i < c; i++) {
		float d = dy[i];

		if (silu) {
			float s = a0[i] * (z0[i] - m0[i]) + b0[i], q;

			if (two)
				s += a1[i] * (z1[i] - m1[i]) + b1[i];
			q = fl_sigmoid(s);
			d *= q * (1.0f + s * (1.0f - q));
		}
		g[i] = d;
		acc[i] += d;
		acc1[i] += d * (z0[i] - m0[i]);
		if (two)
			acc2[i] += d * (z1[i] - m1[i]);
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

static void norm_apply(const float *g, const float *z, const float *mean,
		       const float *a, const float *b, const float *d,
		       float *dz, size_t c, size_t first, size_t last)
{
	for (size_t p = first; p < last; p++) {
		VECTOR
		for (size_t i = 0; i < c; i++)
			dz[p * c + i] = a[i] * g[p * c + i] +
					b[i] * (z[p * c + i] - mean[i]) + d[i];
	}
}

static void sum(const struct tensor *x, size_t first, size_t last, double *sums)
{
	size_t c = (size_t)x->c;
	float acc[CPU_MAX_CHANNELS];

	memset(acc, 0, c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		const float *v = pixel(x, p);

		for (size_t i = 0; i < c; i++)
			acc[i] += v[i];
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, c);
	}
}

static void product_sum(const struct tensor *x, const struct tensor *y,
			size_t first, size_t last, double *sums)
{
	size_t c = (size_t)x->c;
	float acc[CPU_MAX_CHANNELS];

	memset(acc, 0, c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		const float *v = pixel(x, p), *w = pixel(y, p);

		for (size_t i = 0; i < c; i++)
			acc[i] += v[i] * w[i];
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, c);
	}
}

static void mul(const struct tensor *x, const float *gate,
		const struct tensor *y, bool acc, size_t first, size_t last)
{
	for (size_t p = first; p < last; p++) {
		const float *v = pixel(x, p);
		float *out = pixel_mut(y, p);

		if (acc) {
			VECTOR
			for (int i = 0; i < x->c; i++)
				out[i] += v[i] * gate[i];
		} else {
			VECTOR
			for (int i = 0; i < x->c; i++)
				out[i] = v[i] * gate[i];
		}
	}
}

static void add_vector(const float *v, float factor, const struct tensor *y,
		       bool acc, size_t first, size_t last)
{
	for (size_t p = first; p < last; p++) {
		float *out = pixel_mut(y, p);

		VECTOR
		for (int i = 0; i < y->c; i++)
			out[i] = (acc ? out[i] : 0) + v[i] * factor;
	}
}

static void copy(const struct tensor *x, const struct tensor *y, bool acc,
		 size_t first, size_t last)
{
	size_t c = (size_t)x->c;

	for (size_t p = first; p < last; p++) {
		const float *v = pixel(x, p);
		float *out = pixel_mut(y, p);

		if (!acc) {
			memcpy(out, v, c * sizeof(*v));
			continue;
		}
		VECTOR
		for (size_t i = 0; i < c; i++)
			out[i] += v[i];
	}
}

/* Parts are added in double: they are what the sum was divided for. */
static void add_parts(const float *x, int parts, const float *bias,
		      const struct tensor *y, bool acc, size_t first,
		      size_t last)
{
	size_t c = (size_t)y->c;
	double sums[CPU_MAX_CHANNELS];

	for (size_t p = first; p < last; p++) {
		float *restrict out = pixel_mut(y, p);

		for (size_t i = 0; i < c; i++)
			sums[i] = acc ? (double)out[i] : 0;
		for (int k = 0; k < parts; k++) {
			const float *restrict part =
				x + (p * (size_t)parts + (size_t)k) * c;

			for (size_t i = 0; i < c; i++)
				sums[i] += (double)part[i];
		}
		for (size_t i = 0; i < c; i++)
			out[i] =
				(float)(sums[i] + (bias ? (double)bias[i] : 0));
	}
}

/* best, won = the larger of (best, won) and (v, tap); ties keep the earlier. */
INLINE void maxpool_tap(const float *v, int tap, float *best, int32_t *won,
			int c)
{
	for (int i = 0; i < c; i++) {
		bool more = v[i] > best[i];

		best[i] = more ? v[i] : best[i];
		won[i] = more ? tap : won[i];
	}
}

static void maxpool_row(const struct tensor *x, int k, const struct tensor *out,
			uint8_t *arg, int n, int y)
{
	float best[CPU_MAX_CHANNELS];
	int32_t won[CPU_MAX_CHANNELS];
	int c = x->c, half = k / 2;
	size_t row = ((size_t)n * (size_t)x->h + (size_t)y) * (size_t)x->w;

	for (int col = 0; col < x->w; col++) {
		size_t p = row + (size_t)col;

		for (int i = 0; i < c; i++) {
			best[i] = -INFINITY;
			won[i] = half * k + half;
		}
		for (int ky = 0; ky < k; ky++) {
			int sy = y + ky - half;

			if (sy < 0 || sy >= x->h)
				continue;
			for (int kx = 0; kx < k; kx++) {
				int sx = col + kx - half;
				size_t q = ((size_t)n * (size_t)x->h +
					    (size_t)sy) *
						   (size_t)x->w +
					   (size_t)sx;

				if (sx >= 0 && sx < x->w)
					maxpool_tap(pixel(x, q), ky * k + kx,
						    best, won, c);
			}
		}
		memcpy(pixel_mut(out, p), best, (size_t)c * sizeof(*best));
		for (int i = 0; arg && i < c; i++)
			arg[p * (size_t)c + (size_t)i] = (uint8_t)won[i];
	}
}

static void upsample_row(const struct tensor *dy, const struct tensor *dx,
			 bool acc, int n, int y)
{
	size_t top =
		((size_t)n * (size_t)dy->h + 2 * (size_t)y) * (size_t)dy->w;
	size_t row = ((size_t)n * (size_t)dx->h + (size_t)y) * (size_t)dx->w;

	for (int x = 0; x < dx->w; x++) {
		size_t q = top + 2 * (size_t)x;
		const float *a = pixel(dy, q), *b = pixel(dy, q + 1);
		const float *d = pixel(dy, q + (size_t)dy->w);
		const float *e = pixel(dy, q + (size_t)dy->w + 1);
		float *out = pixel_mut(dx, row + (size_t)x);

		VECTOR
		for (int i = 0; i < dx->c; i++)
			out[i] = (acc ? out[i] : 0) +
				 ((a[i] + b[i]) + (d[i] + e[i]));
	}
}

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

const struct kernels KERNELS = {
	.name = KERNELS_NAME,
	.stats = stats,
	.norm = norm,
	.norm_sums = norm_sums,
	.norm_apply = norm_apply,
	.sum = sum,
	.mul = mul,
	.product_sum = product_sum,
	.add_vector = add_vector,
	.copy = copy,
	.add_parts = add_parts,
	.maxpool_row = maxpool_row,
	.upsample_row = upsample_row,
	.dot = dot,
	.axpy = axpy,
	.varifocal = varifocal,
	.momentum = momentum,
	.ema = ema,
	.sum_squares = sum_squares,
};

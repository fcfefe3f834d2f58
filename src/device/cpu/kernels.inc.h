/* kernels.inc.h - the loops over maps themselves; included by
 * kernels_<isa>[_bf16].c, which define KERNELS, the name of the table, for
 * maps in BF16 MAP_BF16, and OWN_NORMS where a normalisation's loops are not
 * the compiler's (norm.inc.h) but written on vectors (norm_bf16.inc.h). */

#include "device/cpu/kernels.h"
#include "device/cpu/loops.h"
#include "tensor/value.h"

#include <math.h>
#include <string.h>

/* A value of a map, and what loops make of it and leave in it. */
#ifdef MAP_BF16
typedef uint16_t map_value;

INLINE float load(map_value v)
{
	return bf16_to_float(v);
}

INLINE map_value store(float v)
{
	return bf16_of(v);
}
#else
typedef float map_value;

INLINE float load(map_value v)
{
	return v;
}

INLINE map_value store(float v)
{
	return v;
}
#endif

static inline const map_value *pixel(const struct tensor *t, size_t p)
{
	return (const map_value *)t->data + p * (size_t)t->ld;
}

static inline map_value *pixel_mut(const struct tensor *t, size_t p)
{
	return (map_value *)t->data + p * (size_t)t->ld;
}

/* sums += acc, which is cleared. */
static void flush(float *acc, double *sums, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		sums[i] += (double)acc[i];
		acc[i] = 0;
	}
}

#ifdef OWN_NORMS
#include "device/cpu/norm_bf16.inc.h"
#else
#include "device/cpu/norm.inc.h"
#endif

static void sum(const struct tensor *x, size_t first, size_t last, double *sums)
{
	size_t c = (size_t)x->c;
	float acc[CPU_MAX_CHANNELS];

	memset(acc, 0, c * sizeof(*acc));
	for (size_t p = first; p < last; p++) {
		const map_value *v = pixel(x, p);

		for (size_t i = 0; i < c; i++)
			acc[i] += load(v[i]);
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
		const map_value *v = pixel(x, p), *w = pixel(y, p);

		for (size_t i = 0; i < c; i++)
			acc[i] += load(v[i]) * load(w[i]);
		if ((p - first) % SPAN == SPAN - 1 || p + 1 == last)
			flush(acc, sums, c);
	}
}

static void mul(const struct tensor *x, const float *gate,
		const struct tensor *y, bool acc, size_t first, size_t last)
{
	for (size_t p = first; p < last; p++) {
		const map_value *v = pixel(x, p);
		map_value *out = pixel_mut(y, p);

		if (acc) {
			VECTOR
			for (int i = 0; i < x->c; i++)
				out[i] = store(load(out[i]) +
					       load(v[i]) * gate[i]);
		} else {
			VECTOR
			for (int i = 0; i < x->c; i++)
				out[i] = store(load(v[i]) * gate[i]);
		}
	}
}

static void add_vector(const float *v, float factor, const struct tensor *y,
		       bool acc, size_t first, size_t last)
{
	for (size_t p = first; p < last; p++) {
		map_value *out = pixel_mut(y, p);

		VECTOR
		for (int i = 0; i < y->c; i++)
			out[i] =
				store((acc ? load(out[i]) : 0) + v[i] * factor);
	}
}

static void copy(const struct tensor *x, const struct tensor *y, bool acc,
		 size_t first, size_t last)
{
	size_t c = (size_t)x->c;

	for (size_t p = first; p < last; p++) {
		const map_value *v = pixel(x, p);
		map_value *out = pixel_mut(y, p);

		if (!acc) {
			memcpy(out, v, c * sizeof(*v));
			continue;
		}
		VECTOR
		for (size_t i = 0; i < c; i++)
			out[i] = store(load(out[i]) + load(v[i]));
	}
}

INLINE void rounded_row(const float *restrict x, map_value *restrict out,
			size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = store(x[i]);
}

static void rounded(const float *x, const struct tensor *y, size_t first,
		    size_t last)
{
	size_t c = (size_t)y->c;

	/* A picture's three channels alone would be no loop for vectors. */
	if (tensor_dense(y))
		rounded_row(x + first * c, pixel_mut(y, first),
			    (last - first) * c);
	else
		for (size_t p = first; p < last; p++)
			rounded_row(x + p * c, pixel_mut(y, p), c);
}

/* Parts are added in double: they are what the sum was divided for. */
static void add_parts(const float *x, int parts, const float *bias,
		      const struct tensor *y, bool acc, size_t first,
		      size_t last)
{
	size_t c = (size_t)y->c;
	double sums[CPU_MAX_CHANNELS];

	for (size_t p = first; p < last; p++) {
		map_value *restrict out = pixel_mut(y, p);

		for (size_t i = 0; i < c; i++)
			sums[i] = acc ? (double)load(out[i]) : 0;
		for (int k = 0; k < parts; k++) {
			const float *restrict part =
				x + (p * (size_t)parts + (size_t)k) * c;

			for (size_t i = 0; i < c; i++)
				sums[i] += (double)part[i];
		}
		for (size_t i = 0; i < c; i++)
			out[i] = store((float)(sums[i] +
					       (bias ? (double)bias[i] : 0)));
	}
}

/* best, won = the larger of (best, won) and (v, tap); ties keep the earlier. */
INLINE void maxpool_tap(const map_value *v, int tap, float *best, int32_t *won,
			int c)
{
	for (int i = 0; i < c; i++) {
		float x = load(v[i]);
		bool more = x > best[i];

		best[i] = more ? x : best[i];
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
		for (int i = 0; i < c; i++)
			pixel_mut(out, p)[i] = store(best[i]);
		for (int i = 0; arg && i < c; i++)
			arg[p * (size_t)c + (size_t)i] = (uint8_t)won[i];
	}
}

#ifdef MAP_BF16
/* Of one window, to the pixel that is its tap. */
INLINE void maxpool_give(const map_value *d, const uint8_t *won, int tap,
			 float *sum, int c)
{
	for (int i = 0; i < c; i++)
		sum[i] += won[i] == tap ? load(d[i]) : 0;
}

/* What a pixel gets is added up before it is rounded: its windows are asked, in the
 * order of their pixels. */
static void maxpool_back_pixel(const struct tensor *dy, const uint8_t *won,
			       int k, const struct tensor *dx, int n, int y,
			       int x)
{
	float sum[CPU_MAX_CHANNELS];
	int c = dx->c, half = k / 2, w = dx->w;
	int top = y < half ? 0 : y - half, left = x < half ? 0 : x - half;
	int end = y + half < dx->h ? y + half + 1 : dx->h;
	int right = x + half < w ? x + half + 1 : w;
	size_t image = (size_t)n * (size_t)dx->h * (size_t)w;
	map_value *out = pixel_mut(dx, image + (size_t)(y * w + x));

	for (int i = 0; i < c; i++)
		sum[i] = load(out[i]);
	for (int oy = top; oy < end; oy++) {
		for (int ox = left; ox < right; ox++) {
			size_t p = image + (size_t)(oy * w + ox);
			int tap = (y - oy + half) * k + x - ox + half;

			maxpool_give(pixel(dy, p), won + p * (size_t)c, tap,
				     sum, c);
		}
	}
	for (int i = 0; i < c; i++)
		out[i] = store(sum[i]);
}

static void maxpool_back(const struct tensor *dy, const uint8_t *won, int k,
			 const struct tensor *dx, int n)
{
	for (int y = 0; y < dx->h; y++)
		for (int x = 0; x < dx->w; x++)
			maxpool_back_pixel(dy, won, k, dx, n, y, x);
}
#else
/* In float every window gives to its winner at once: that asks none in vain. */
static void maxpool_back(const struct tensor *dy, const uint8_t *won, int k,
			 const struct tensor *dx, int n)
{
	size_t area = (size_t)dy->h * (size_t)dy->w, c = (size_t)dy->c;
	map_value *to = dx->data;
	int half = k / 2;

	for (size_t q = (size_t)n * area; q < ((size_t)n + 1) * area; q++) {
		const map_value *d = pixel(dy, q);
		const uint8_t *w = won + q * c;

		for (size_t i = 0; i < c; i++) {
			int oy = w[i] / k - half, ox = w[i] % k - half;
			ptrdiff_t at = (ptrdiff_t)q + oy * dx->w + ox;

			to[at * dx->ld + (ptrdiff_t)i] += d[i];
		}
	}
}
#endif

static void upsample_row(const struct tensor *dy, const struct tensor *dx,
			 bool acc, int n, int y)
{
	size_t top =
		((size_t)n * (size_t)dy->h + 2 * (size_t)y) * (size_t)dy->w;
	size_t row = ((size_t)n * (size_t)dx->h + (size_t)y) * (size_t)dx->w;

	for (int x = 0; x < dx->w; x++) {
		size_t q = top + 2 * (size_t)x;
		const map_value *a = pixel(dy, q), *b = pixel(dy, q + 1);
		const map_value *d = pixel(dy, q + (size_t)dy->w);
		const map_value *e = pixel(dy, q + (size_t)dy->w + 1);
		map_value *out = pixel_mut(dx, row + (size_t)x);

		VECTOR
		for (int i = 0; i < dx->c; i++)
			out[i] = store((acc ? load(out[i]) : 0) +
				       ((load(a[i]) + load(b[i])) +
					(load(d[i]) + load(e[i]))));
	}
}

const struct cpu_kernels KERNELS = {
	.stats = stats,
	.norm = norm,
	.norm_sums = norm_sums,
	.norm_apply = norm_apply,
	.sum = sum,
	.mul = mul,
	.product_sum = product_sum,
	.add_vector = add_vector,
	.copy = copy,
	.rounded = rounded,
	.add_parts = add_parts,
	.maxpool_row = maxpool_row,
	.maxpool_back = maxpool_back,
	.upsample_row = upsample_row,
};

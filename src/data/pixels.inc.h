/* pixels.inc.h - the loops themselves; included by pixels_<isa>.c, which define
 * PIXELS, the name of the table, and PIXELS_NAME. Colours are Pillow's, bit for
 * bit: blends are float32, a + f (b - a), cut to an integer and clipped. Pixels
 * are taken in chunks that stay in the first cache, channel by channel, so that
 * every loop has one type and no branch. */

#include "data/pixels.h"

#include <string.h>

#define INLINE static inline __attribute__((always_inline))
/* A chunk of pixels, their channels apart. */
#define CHUNK 128

struct chunk {
	int r[CHUNK], g[CHUNK], b[CHUNK];
};

INLINE void split(const uint8_t *p, struct chunk *c, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		c->r[i] = p[3 * i];
		c->g[i] = p[3 * i + 1];
		c->b[i] = p[3 * i + 2];
	}
}

INLINE void join(const struct chunk *c, uint8_t *p, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		p[3 * i] = (uint8_t)c->r[i];
		p[3 * i + 1] = (uint8_t)c->g[i];
		p[3 * i + 2] = (uint8_t)c->b[i];
	}
}

INLINE int luma(int r, int g, int b)
{
	return (19595 * r + 38470 * g + 7471 * b + 32768) >> 16;
}

INLINE int blend(int a, int b, float f)
{
	float v = (float)a + f * (float)(b - a);

	v = v > 0 ? v : 0;
	return (int)(v < 255 ? v : 255);
}

static void towards(uint8_t *p, size_t n, int grey, float f)
{
	for (size_t i = 0; i < n; i++)
		p[i] = (uint8_t)blend(grey, p[i], f);
}

INLINE void saturate(uint8_t *p, size_t n, float f)
{
	struct chunk c;

	split(p, &c, n);
	for (size_t i = 0; i < n; i++) {
		int grey = luma(c.r[i], c.g[i], c.b[i]);

		c.r[i] = blend(grey, c.r[i], f);
		c.g[i] = blend(grey, c.g[i], f);
		c.b[i] = blend(grey, c.b[i], f);
	}
	join(&c, p, n);
}

static void saturation(uint8_t *p, size_t pixels, float f)
{
	for (; pixels >= CHUNK; pixels -= CHUNK, p += 3 * CHUNK)
		saturate(p, CHUNK, f);
	saturate(p, pixels, f);
}

INLINE int largest(int a, int b)
{
	return a > b ? a : b;
}

INLINE int least(int a, int b)
{
	return a < b ? a : b;
}

/* Hue in sixths of the circle, -1 to 5: of the three distances to the largest
 * channel one is 0, that of the least is 1, and x, that of the third, is added
 * to or taken from a whole number. */
INLINE float sixths(int r, int g, int b, int max, int min, float x)
{
	float of_r = b == min ? 1 - x : x - 1;
	float of_g = r == min ? 3 - x : 1 + x;
	float of_b = r == min ? 3 + x : 5 - x;

	return r == max ? of_r : g == max ? of_g : of_b;
}

/* The fraction of a turn as 8 bits; sixths / 6 + 1 lies in (5/6, 11/6]. */
INLINE int hue_of(float h6)
{
	double v = (double)h6 / 6.0 + 1.0;
	float turn = (float)(v >= 1.0 ? v - 1.0 : v);
	int h = (int)((double)turn * 255.0);

	return h > 255 ? 255 : h;
}

/* Half goes away from zero, and v is never negative. */
INLINE int rounded(double v)
{
	v = v + 0.5;
	return (int)(v < 255 ? v : 255);
}

/* The channels of each sixth of the circle; by masks, for a choice would keep the
 * loop from being vectors. */
INLINE void place(struct chunk *c, size_t i, int k, int m, int p, int q, int t)
{
	int s0 = -(k == 0), s1 = -(k == 1), s2 = -(k == 2);
	int s3 = -(k == 3), s4 = -(k == 4), s5 = -(k == 5);

	c->r[i] = (m & (s5 | s0)) | (q & s1) | (p & (s2 | s3)) | (t & s4);
	c->g[i] = (m & (s1 | s2)) | (q & s3) | (p & (s4 | s5)) | (t & s0);
	c->b[i] = (m & (s3 | s4)) | (q & s5) | (p & (s0 | s1)) | (t & s2);
}

INLINE void turn_chunk(uint8_t *bytes, size_t n, const struct pixels_turn *turn)
{
	struct chunk c;
	float h6[CHUNK], part[CHUNK], fs[CHUNK];
	int sector[CHUNK], h[CHUNK], p[CHUNK], q[CHUNK], t[CHUNK], m[CHUNK];

	split(bytes, &c, n);
	for (size_t i = 0; i < n; i++) {
		int r = c.r[i], g = c.g[i], b = c.b[i];
		int max = largest(largest(r, g), b);
		int min = least(least(r, g), b);
		int third = r + g + b - max - min;
		/* of grey any hue will do: fs is 0 */
		float span = (float)(max > min ? max - min : 1);
		float share = (float)(max - min) / (float)(max ? max : 1);
		int s = (int)((double)share * 255.0);

		m[i] = max;
		fs[i] = (float)(s / 255.0);
		h6[i] = sixths(r, g, b, max, min, (float)(max - third) / span);
	}
	for (size_t i = 0; i < n; i++)
		h[i] = hue_of(h6[i]);
	for (size_t i = 0; i < n; i++) {
		sector[i] = turn->sector[h[i]];
		part[i] = turn->part[h[i]];
	}
	for (size_t i = 0; i < n; i++) {
		double v = m[i], s = (double)fs[i], f = (double)part[i];

		p[i] = rounded(v * (1.0 - s));
		q[i] = rounded(v * (1.0 - s * f));
		t[i] = rounded(v * (1.0 - s * (1.0 - f)));
	}
	for (size_t i = 0; i < n; i++)
		place(&c, i, sector[i], m[i], p[i], q[i], t[i]);
	join(&c, bytes, n);
}

static void hue(uint8_t *p, size_t pixels, const struct pixels_turn *turn)
{
	for (; pixels >= CHUNK; pixels -= CHUNK, p += 3 * CHUNK)
		turn_chunk(p, CHUNK, turn);
	turn_chunk(p, pixels, turn);
}

static uint64_t luma_sum(const uint8_t *p, size_t pixels)
{
	uint64_t sum = 0;

	while (pixels > 0) {
		size_t n = pixels < 4096 ? pixels : 4096;
		uint32_t part = 0;

		for (size_t i = 0; i < n; i++)
			part += (uint32_t)luma(p[3 * i], p[3 * i + 1],
					       p[3 * i + 2]);
		sum += part;
		p += 3 * n;
		pixels -= n;
	}
	return sum;
}

static void widen(const uint8_t *from, float *to, size_t n)
{
	for (size_t i = 0; i < n; i++)
		to[i] = (float)from[i];
}

/* A pixel and the first value of the next one, which is written over. */
typedef float four __attribute__((vector_size(16)));

INLINE four load(const float *p)
{
	four v;

	memcpy(&v, p, sizeof(v));
	return v;
}

INLINE void sample(const struct axis *a, const float *row, float *out, int taps)
{
	const int *index = a->index;
	const float *w = a->weight;

	for (int i = 0; i < a->n; i++, index += taps, w += taps) {
		four sum = { 0 };

		for (int k = 0; k < taps; k++)
			sum += w[k] * load(row + 3 * (size_t)index[k]);
		memcpy(out + 3 * (size_t)i, &sum, sizeof(sum));
	}
}

/* With the number of taps known to the compiler, where it is a usual one. */
#define TAPS(n)                         \
	case n:                         \
		sample(a, row, out, n); \
		break

static void across(const struct axis *a, const float *row, float *out)
{
	switch (a->taps) {
		TAPS(1);
		TAPS(2);
		TAPS(4);
		TAPS(8);
	default:
		sample(a, row, out, a->taps);
	}
}

/* a / b. With fused multiply-adds the product with the rounded inverse is
 * corrected by what it leaves over, which gives the quotient's own rounding
 * (Markstein), at a quarter of a division's time. */
INLINE double quotient(double a, double b, double inverse)
{
#ifdef __FMA__
	double q = a * inverse;

	return __builtin_fma(__builtin_fma(-q, b, a), inverse, q);
#else
	(void)inverse;
	return a / b;
#endif
}

/* numpy's order of roundings: float32 x / 255, the rest in float64. n: at most
 * one period. */
INLINE void normalise_period(const float *from, const struct pixels_scale *s,
			     float *out, size_t n)
{
	float v[PIXELS_PERIOD];

	for (size_t i = 0; i < n; i++)
		v[i] = s->scale ? from[i] * (1.0f / 255.0f) : from[i];
	if (s->mean_std)
		for (size_t i = 0; i < n; i++)
			v[i] = (float)quotient((double)v[i] - s->mean[i],
					       s->std[i], s->inverse[i]);
	for (size_t i = 0; i < n; i++)
		out[i] = v[i];
}

static void normalise(const float *from, const struct pixels_scale *scale,
		      float *out, size_t n)
{
	for (; n >= PIXELS_PERIOD; n -= PIXELS_PERIOD) {
		normalise_period(from, scale, out, PIXELS_PERIOD);
		from += PIXELS_PERIOD;
		out += PIXELS_PERIOD;
	}
	normalise_period(from, scale, out, n);
}

/* Vectors by hand: left to itself gcc 12 joins the loops over rows and values
 * and then finds no vector. */
#define LANES 16
typedef float wide __attribute__((vector_size(4 * LANES)));

INLINE void add_period(const float *const *rows, size_t at, const float *weight,
		       int count, float *sum)
{
	wide s[PIXELS_PERIOD / LANES] = { { 0 } };

	for (int k = 0; k < count; k++)
		for (size_t i = 0; i < PIXELS_PERIOD / LANES; i++) {
			wide v;

			memcpy(&v, rows[k] + at + LANES * i, sizeof(v));
			s[i] += weight[k] * v;
		}
	memcpy(sum, s, sizeof(s));
}

INLINE void add_rows(const float *const *rows, const float *weight, int count,
		     const struct pixels_scale *scale, float *out, size_t n)
{
	float sum[PIXELS_PERIOD];
	size_t at = 0;

	for (; at + PIXELS_PERIOD <= n; at += PIXELS_PERIOD) {
		add_period(rows, at, weight, count, sum);
		normalise_period(sum, scale, out + at, PIXELS_PERIOD);
	}
	for (size_t i = 0; i < n - at; i++) {
		sum[i] = 0;
		for (int k = 0; k < count; k++)
			sum[i] += weight[k] * rows[k][at + i];
	}
	normalise_period(sum, scale, out + at, n - at);
}

#define ROWS(k)                                           \
	case k:                                           \
		add_rows(rows, weight, k, scale, out, n); \
		break

static void down(const float *const *rows, const float *weight, int count,
		 const struct pixels_scale *scale, float *out, size_t n)
{
	switch (count) {
		ROWS(1);
		ROWS(2);
		ROWS(3);
		ROWS(4);
		ROWS(8);
	default:
		add_rows(rows, weight, count, scale, out, n);
	}
}

const struct pixels PIXELS = { .name = PIXELS_NAME,
			       .towards = towards,
			       .saturation = saturation,
			       .hue = hue,
			       .luma_sum = luma_sum,
			       .widen = widen,
			       .across = across,
			       .down = down,
			       .normalise = normalise };

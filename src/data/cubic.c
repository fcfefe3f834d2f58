/* The bicubic resize of evaluation, to the last bit of OpenCV's x86 wheels
 * (cubic.h has the definition).
 * Rows are resized first and kept as floats, four at a time, then combined. The
 * scalar helpers spell out which product is rounded and which is fused; a
 * compiler that joined them otherwise would change pixels, so each goes through
 * a call of its own. */
#include "data/cubic.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

#define TAPS 4

/* One output along an axis. */
struct cubic_place {
	int at[TAPS];
	float w[TAPS];
};

/* 1 + fraction takes the fraction to the spacing of floats between 1 and 2,
 * which is what the wheel's routine has (cubic.h). */
static void weigh(float fraction, float w[TAPS])
{
	float d = 1.0f + fraction;
	double f = (double)(d - 1.0f), g = 1 - f;

	w[0] = (float)(-0.75 * f * g * g);
	w[1] = (float)((1.25 * f - 2.25) * f * f + 1);
	w[2] = (float)((1.25 * g - 2.25) * g * g + 1);
	w[3] = (float)(-0.75 * f * f * g);
}

/* All outputs along an axis; those of inner .. edge - 1 have every tap inside
 * the picture. */
struct axis_places {
	struct cubic_place *place;
	int n, inner, edge;
};

static struct axis_places places_new(int from, int to)
{
	struct axis_places a = {
		.place = fl_calloc((size_t)to, sizeof(*a.place)), .n = to
	};

	for (int i = 0; i < to; i++) {
		/* i's place is p / q of source pixels */
		int64_t p = (2 * (int64_t)i + 1) * from - to;
		int64_t q = 2 * (int64_t)to;
		int64_t floor = p >= 0 ? p / q : -((q - 1 - p) / q);
		struct cubic_place *out = &a.place[i];

		weigh((float)((double)(p - floor * q) / (double)q), out->w);
		for (int k = 0; k < TAPS; k++) {
			int64_t at = floor - 1 + k;

			out->at[k] = at < 0	  ? 0
				     : at >= from ? from - 1
						  : (int)at;
		}
		/* inner counts outputs from the left whose first tap lies
		 * outside, edge those whose last one does not. */
		a.inner += floor < 1 && a.inner == i;
		a.edge += floor + 2 < from;
	}
	a.inner = a.inner < a.edge ? a.inner : a.edge;
	return a;
}

/* a wa + (b wb): the second product is rounded to float, the first is not.
 * (double holds it exactly, and rounds so much finer that the second rounding
 * of the sum shows in none of 10^8.) */
static inline float fused(float a, float wa, float rounded)
{
	return (float)((double)a * (double)wa + (double)rounded);
}

static inline float product(float a, float b)
{
	return a * b;
}

/* Columns whose taps all lie in the picture are done by fours; the fours, what
 * is left of them at the right, and those that reach over an edge add up in
 * another order each. */
static float by_four(const float *v, const float *w)
{
	return fused(v[0], w[0], product(v[1], w[1])) +
	       fused(v[2], w[2], product(v[3], w[3]));
}

static float left_over(const float *v, const float *w)
{
	float s = fused(v[0], w[0], product(v[2], w[2]));

	return fused(v[1], w[1], fused(v[3], w[3], s));
}

static float over_edge(const float *v, const float *w)
{
	return fused(v[0], w[0], product(v[2], w[2])) +
	       fused(v[3], w[3], product(v[1], w[1]));
}

typedef float sum_fn(const float *v, const float *w);

/* The columns from first to last by one order. */
static inline void columns(const uint8_t *in, const struct cubic_place *x,
			   int first, int last, sum_fn *sum, float *out)
{
	for (int i = first; i < last; i++) {
		for (int c = 0; c < 3; c++) {
			float v[TAPS];

			for (int t = 0; t < TAPS; t++)
				v[t] = (float)in[3 * x[i].at[t] + c];
			out[3 * i + c] = sum(v, x[i].w);
		}
	}
}

static void resize_row(const uint8_t *in, const struct axis_places *x,
		       float *out)
{
	int fours = x->inner + (x->edge - x->inner) / 4 * 4;

	columns(in, x->place, 0, x->inner, over_edge, out);
	columns(in, x->place, x->inner, fours, by_four, out);
	columns(in, x->place, fours, x->edge, left_over, out);
	columns(in, x->place, x->edge, x->n, over_edge, out);
}

static void combine_rows(float *const r[TAPS], const float *k, size_t n,
			 uint8_t *out)
{
	for (size_t i = 0; i < n; i++) {
		float s = fused(r[0][i], k[0], product(r[1][i], k[1])) +
			  fused(r[2][i], k[2], product(r[3][i], k[3]));

		s = s < 0 ? 0 : s > 255 ? 255 : s;
		out[i] = (uint8_t)lrintf(s);
	}
}

void cubic_resize(const struct image *im, int w, int h, uint8_t *out)
{
	struct axis_places x = places_new(im->w, w);
	struct axis_places y = places_new(im->h, h);
	size_t width = 3 * (size_t)w;
	float *ring = fl_calloc(TAPS * width, sizeof(*ring));
	/* Four rows are enough, for an output's taps are neighbours. */
	int held[TAPS] = { -1, -1, -1, -1 }; /* row s stands in s % TAPS */

	for (int i = 0; i < h; i++) {
		float *rows[TAPS];

		for (int k = 0; k < TAPS; k++) {
			int s = y.place[i].at[k];

			rows[k] = ring + (size_t)(s % TAPS) * width;
			if (held[s % TAPS] == s)
				continue;
			resize_row(im->rgb + 3 * (size_t)s * (size_t)im->w, &x,
				   rows[k]);
			held[s % TAPS] = s;
		}
		combine_rows(rows, y.place[i].w, width,
			     out + (size_t)i * width);
	}
	free(ring);
	free(x.place);
	free(y.place);
}

/* The loops over pixels of every instruction set that runs here, against their
 * definitions pixel by pixel: the same bits. Rows have odd lengths and begin at
 * odd addresses; what lies around them is kept. */
#include "base/rng.h"
#include "data/pixels.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MOST 700 /* pixels of a row */
#define EDGE 64	 /* bytes around it */
#define ROUNDS 200

static const struct pixels *sets[3];
static int set_count;
static struct fl_rng rng;

static int below(int n)
{
	return (int)fl_rng_below(&rng, (uint64_t)n);
}

static uint8_t blend(int a, int b, float f)
{
	float v = (float)a + f * (float)(b - a);

	return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

static int luma(const uint8_t *p)
{
	return (int)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >>
		     16);
}

/* Pillow's Convert.c: rgb2hsv and hsv2rgb. */
static void to_hsv(const uint8_t *p, int *h, int *s, int *v)
{
	int max = p[0] > p[1] ? p[0] : p[1], min = p[0] < p[1] ? p[0] : p[1];
	float c, rc, gc, bc, h6;
	double turn;

	max = p[2] > max ? p[2] : max;
	min = p[2] < min ? p[2] : min;
	*h = *s = 0;
	*v = max;
	if (max == min)
		return;
	c = (float)(max - min);
	rc = (float)(max - p[0]) / c;
	gc = (float)(max - p[1]) / c;
	bc = (float)(max - p[2]) / c;
	if (p[0] == max)
		h6 = bc - gc;
	else if (p[1] == max)
		h6 = (float)(2.0 + (double)rc - (double)bc);
	else
		h6 = (float)(4.0 + (double)gc - (double)rc);
	turn = (double)(float)fmod((double)h6 / 6.0 + 1.0, 1.0);
	*h = (int)(turn * 255.0);
	*s = (int)((double)(c / (float)max) * 255.0);
	*h = *h > 255 ? 255 : *h;
}

static uint8_t rounded(double v)
{
	v = round(v);
	return v < 0 ? 0 : v > 255 ? 255 : (uint8_t)v;
}

static void turn_hue(uint8_t *p, double delta)
{
	int h, s, v, sector;
	double part, fs;
	uint8_t lo, q, t, m;

	to_hsv(p, &h, &s, &v);
	h = (int)((unsigned)(int)(h + delta) & 255u);
	part = h * 6.0 / 255.0;
	sector = (int)floor(part) % 6;
	part = (double)(float)(part - floor(part));
	fs = (double)(float)(s / 255.0);
	m = (uint8_t)v;
	lo = rounded(v * (1.0 - fs));
	q = rounded(v * (1.0 - fs * part));
	t = rounded(v * (1.0 - fs * (1.0 - part)));
	if (s == 0) {
		memset(p, m, 3);
		return;
	}
	{
		const uint8_t rgb[6][3] = { { m, t, lo }, { q, m, lo },
					    { lo, m, t }, { lo, q, m },
					    { t, lo, m }, { m, lo, q } };

		memcpy(p, rgb[sector], 3);
	}
}

/* A row with borders: noise, flat colours, greys and extremes. */
struct row {
	uint8_t bytes[3 * MOST + 2 * EDGE];
	uint8_t *p;
	int n;
};

static void make_row(struct row *r)
{
	int kind = below(4);

	r->n = below(8) ? 1 + below(MOST) : below(5);
	for (size_t i = 0; i < sizeof(r->bytes); i++)
		r->bytes[i] = (uint8_t)(kind == 0   ? below(256)
					: kind == 1 ? 250 + below(6)
					: kind == 2 ? below(3)
						    : 255 * below(2));
	r->p = r->bytes + EDGE - below(32);
}

enum step {
	TOWARDS,
	SATURATION,
	HUE,
	STEPS
};

static void by_definition(uint8_t *p, int n, enum step step, int grey, float f,
			  double delta)
{
	for (int i = 0; i < n; i++, p += 3) {
		int own = luma(p);

		if (step == HUE)
			turn_hue(p, delta);
		for (int c = 0; c < 3 && step != HUE; c++)
			p[c] = blend(step == TOWARDS ? grey : own, p[c], f);
	}
}

static void by_set(const struct pixels *s, uint8_t *p, int n, enum step step,
		   int grey, float f, double delta)
{
	struct pixels_turn turn;

	pixels_turn_make(&turn, delta);
	if (step == TOWARDS)
		s->towards(p, 3 * (size_t)n, grey, f);
	else if (step == SATURATION)
		s->saturation(p, (size_t)n, f);
	else
		s->hue(p, (size_t)n, &turn);
}

static void test_colors(void **state)
{
	static struct row row, want, got;

	(void)state;
	for (int i = 0; i < ROUNDS * STEPS; i++) {
		float f = (float)fl_rng_range(&rng, -0.5, 3);
		double delta = fl_rng_range(&rng, -300, 300);
		int grey = below(256);

		make_row(&row);
		want = row;
		by_definition(want.bytes + (row.p - row.bytes), row.n,
			      (enum step)(i % STEPS), grey, f, delta);
		for (int k = 0; k < set_count; k++) {
			got = row;
			by_set(sets[k], got.bytes + (row.p - row.bytes), row.n,
			       (enum step)(i % STEPS), grey, f, delta);
			if (memcmp(got.bytes, want.bytes, sizeof(got.bytes)))
				fail_msg(
					"%s: step %d differs, %d pixels, f %g, hue %g",
					sets[k]->name, i % STEPS, row.n,
					(double)f, delta);
		}
	}
}

/* All 16.7 million colours, turned by one angle. */
static void test_every_hue(void **state)
{
	static uint8_t want[256 * 3], got[256 * 3];
	double delta = 11.25;
	struct pixels_turn turn;

	(void)state;
	pixels_turn_make(&turn, delta);
	for (int rg = 0; rg < 1 << 16; rg++) {
		for (int b = 0; b < 256; b++) {
			uint8_t p[3] = { (uint8_t)(rg >> 8), (uint8_t)rg,
					 (uint8_t)b };

			memcpy(got + 3 * b, p, 3);
			turn_hue(p, delta);
			memcpy(want + 3 * b, p, 3);
		}
		sets[set_count - 1]->hue(got, 256, &turn);
		assert_memory_equal(got, want, sizeof(want));
	}
}

static void test_luma(void **state)
{
	static uint8_t p[3 * 5003];

	(void)state;
	for (int n = 0; n < 5000; n += 1 + below(200)) {
		uint64_t sum = 0;

		for (int i = 0; i < 3 * n; i++)
			p[i] = (uint8_t)below(256);
		for (int i = 0; i < n; i++)
			sum += (uint64_t)luma(p + 3 * i);
		for (int k = 0; k < set_count; k++)
			assert_true(sets[k]->luma_sum(p, (size_t)n) == sum);
	}
}

/* Values of a row as a resize leaves them, beyond 0 .. 255 too. */
static float value(void)
{
	int kind = below(4);

	return kind == 0   ? (float)below(256)
	       : kind == 1 ? 0
			   : (float)fl_rng_range(&rng, -40, 300);
}

static float scaled(const struct pixels_scale *s, float v, int c)
{
	if (s->scale)
		v = v * (1.0f / 255.0f);
	return s->mean_std ? (float)(((double)v - s->mean[c]) / s->std[c]) : v;
}

static struct pixels_scale draw_scale(void)
{
	double mean[3], std[3];
	struct pixels_scale s;
	bool both = below(3) != 0;

	for (int c = 0; c < 3; c++) {
		mean[c] = fl_rng_range(&rng, -1, 200);
		std[c] = exp(fl_rng_range(&rng, -7, 6));
	}
	pixels_scale_make(&s, below(2), both ? mean : NULL, both ? std : NULL);
	return s;
}

static void test_down(void **state)
{
	static float in[12][3 * MOST + 8], got[3 * MOST + 8];

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int count = below(12) + (i == 0 ? 0 : 1), shift = below(4);
		int n = 3 * below(MOST);
		struct pixels_scale s = draw_scale();
		const float *rows[12];
		float weight[12];

		for (int k = 0; k < count; k++) {
			rows[k] = in[k] + below(5);
			weight[k] = (float)fl_rng_range(&rng, -1, 1);
			for (int x = 0; x < 3 * MOST + 8; x++)
				in[k][x] = value();
		}
		for (int k = 0; k < set_count; k++) {
			memset(got, 0x7f, sizeof(got));
			sets[k]->down(rows, weight, count, &s, got + shift,
				      (size_t)n);
			for (int x = 0; x < n; x++) {
				float sum = 0, due;

				for (int r = 0; r < count; r++)
					sum += weight[r] * rows[r][x];
				due = scaled(&s, sum, x % 3);
				if (memcmp(&due, &got[shift + x], 4) != 0)
					fail_msg(
						"%s: value %d of %d is %.9g, due %.9g",
						sets[k]->name, x, n,
						(double)got[shift + x],
						(double)due);
			}
			memset(got + shift, 0x7f, (size_t)n * 4);
			for (size_t b = 0; b < sizeof(got); b++)
				assert_int_equal(((uint8_t *)got)[b], 0x7f);
		}
	}
}

/* Division by a channel's spread, which is a product and its correction. */
static void test_normalise(void **state)
{
	static float in[3 * MOST], got[3 * MOST];

	(void)state;
	for (int i = 0; i < 2 * ROUNDS; i++) {
		struct pixels_scale s = draw_scale();
		int n = 3 * below(MOST);

		for (int x = 0; x < n; x++)
			in[x] = value();
		for (int k = 0; k < set_count; k++) {
			memcpy(got, in, sizeof(got));
			sets[k]->normalise(got, &s, got, (size_t)n);
			for (int x = 0; x < n; x++) {
				float due = scaled(&s, in[x], x % 3);

				assert_memory_equal(&due, &got[x], 4);
			}
		}
	}
}

/* A draw of an axis as axis.c makes them: any taps within the row. */
static void draw_axis(struct axis *a, int from, int n)
{
	static const int taps[6] = { 1, 2, 4, 8, 3, 11 };

	a->n = n;
	a->taps = taps[below(6)];
	for (int i = 0; i < n * a->taps; i++) {
		a->index[i] = below(from);
		a->weight[i] = (float)fl_rng_range(&rng, -1, 1);
	}
}

static void test_across(void **state)
{
	static float row[3 * MOST + 1], got[3 * MOST + 2];
	static int index[11 * MOST];
	static float weight[11 * MOST];
	static uint8_t bytes[3 * MOST + 3];
	struct axis a = { .index = index, .weight = weight };

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		int from = 1 + below(MOST), shift = below(3);

		draw_axis(&a, from, 1 + below(MOST));
		for (int x = 0; x < 3 * from + shift; x++)
			bytes[x] = (uint8_t)below(256);
		for (int k = 0; k < set_count; k++) {
			row[3 * from] = 1e30f;
			got[3 * a.n + 1] = 7;
			sets[k]->widen(bytes + shift, row, 3 * (size_t)from);
			for (int x = 0; x < 3 * from; x++)
				assert_true(row[x] == (float)bytes[shift + x]);
			assert_true(row[3 * from] == 1e30f);
			sets[k]->across(&a, row, got);
			for (int x = 0; x < 3 * a.n; x++) {
				float sum = 0;

				for (int t = 0; t < a.taps; t++) {
					int at = x / 3 * a.taps + t;

					sum += weight[at] *
					       row[3 * index[at] + x % 3];
				}
				assert_true(got[x] == sum);
			}
			assert_true(got[3 * a.n + 1] == 7);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_colors),
		cmocka_unit_test(test_every_hue),
		cmocka_unit_test(test_luma),
		cmocka_unit_test(test_down),
		cmocka_unit_test(test_normalise),
		cmocka_unit_test(test_across),
	};
	const struct pixels *best = pixels_best();

	rng = fl_rng_open(3, FL_RNG_TEST, 0, 0);
	sets[set_count++] = &pixels_base;
	if (best != &pixels_base)
		sets[set_count++] = &pixels_avx2;
	if (best == &pixels_avx512)
		sets[set_count++] = &pixels_avx512;
	printf("instruction sets tested: %d, the best is %s\n", set_count,
	       best->name);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Free draws against the reference's: means over 10,000 draws of expansion and
 * crop on one photograph's boxes, as golden_transforms.py of the oracle measured
 * them (transforms.json, "statistics"), and the probabilities that its source
 * states for colours, flip, size and interpolation. Two means of random draws
 * agree within four standard errors. Ours are a function of a fixed seed, so the
 * verdict is the same every time. */
#include "base/arena.h"
#include "data/transform.h"
#include "text/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define DRAWS 10000
#define MOST 64

static struct json *golden;

struct mean {
	double sum, square;
};

static void add(struct mean *m, double v)
{
	m->sum += v;
	m->square += v * v;
}

static double mean_of(const struct mean *m)
{
	return m->sum / DRAWS;
}

static double error_of(const struct mean *m)
{
	double u = mean_of(m), v = m->square / DRAWS - u * u;

	return sqrt(fmax(v, 0) / DRAWS);
}

static double real(const struct json *o, const char *key)
{
	double v = NAN;

	assert_true(json_real_of(json_get(o, key), &v));
	return v;
}

static void agree(const char *what, const struct mean *m, double due,
		  double due_error)
{
	double error = hypot(error_of(m), due_error);

	if (fabs(mean_of(m) - due) > 4 * error + 1e-12)
		fail_msg("%s: %g, due %g; %.1f standard errors apart", what,
			 mean_of(m), due, fabs(mean_of(m) - due) / error);
}

static int read_boxes(struct sample_box *boxes)
{
	const struct json *rows =
		json_get(json_get(golden, "statistics"), "boxes");
	int n = (int)json_count(rows);

	assert_true(n > 0 && n <= MOST);
	for (int i = 0; i < n; i++)
		for (size_t k = 0; k < 4; k++) {
			double v = NAN;

			json_real_of(json_at(json_at(rows, (size_t)i), k), &v);
			boxes[i].v[k] = (float)v;
			boxes[i].label = 0;
		}
	return n;
}

/* One draw's row: area, left whole, aspect, boxes, mean side. */
static void measure(struct mean m[5], const struct draws *d, int w, int h,
		    const struct sample_box *boxes, int count)
{
	double area = (double)d->crop_w * d->crop_h, side = 0;

	for (int i = 0; i < count; i++) {
		const float *v = boxes[i].v;

		side += sqrt((double)(v[2] - v[0]) * (double)(v[3] - v[1]));
	}
	add(&m[0], area / ((double)w * h));
	add(&m[1], d->crop_w == w && d->crop_h == h);
	add(&m[2], (double)d->crop_w / d->crop_h * h / w);
	add(&m[3], count);
	add(&m[4], side / count / sqrt(area));
}

static void statistics(const char *name, bool expand, bool crop)
{
	static const char *const columns[5] = { "area_ratio", "share_unchanged",
						"aspect_ratio", "boxes_kept",
						"box_side_fraction" };
	const struct json *all = json_get(golden, "statistics");
	struct reader_options reader = { .expand = expand,
					 .crop = crop,
					 .expand_ratio = 4,
					 .expand_prob = 0.5 };
	struct sample_box first[MOST], boxes[MOST];
	int w = (int)real(all, "width"), h = (int)real(all, "height");
	int n = read_boxes(first);
	struct mean m[5] = { 0 };

	for (uint64_t i = 0; i < DRAWS; i++) {
		struct fl_rng rng =
			fl_rng_open(0, FL_RNG_AUGMENT, i / 100, i % 100);
		struct draws d;
		int left;

		memcpy(boxes, first, sizeof(boxes));
		left = draws_make(&d, &reader, &rng, w, h, boxes, n);
		assert_true(left > 0);
		measure(m, &d, w, h, boxes, left);
	}
	for (int k = 0; k < 5; k++) {
		const struct json *due =
			json_get(json_get(all, name), columns[k]);
		char what[64];

		snprintf(what, sizeof(what), "%s, %s", name, columns[k]);
		agree(what, &m[k], real(due, "mean"),
		      real(due, "standard_error"));
	}
}

static void test_expand(void **state)
{
	(void)state;
	statistics("expand", true, false);
}

static void test_crop(void **state)
{
	(void)state;
	statistics("crop", false, true);
}

static void test_both(void **state)
{
	(void)state;
	statistics("expand, crop", true, true);
}

/* A step is left out every second time; the four stand in any order. */
static void test_colors(void **state)
{
	struct reader_options reader = { .distort = true };
	struct mean share[COLORS] = { 0 }, first[COLORS] = { 0 };
	struct mean factor = { 0 }, hue = { 0 }, steps = { 0 };
	double least = 9, most = 0;

	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct fl_rng rng = fl_rng_open(1, FL_RNG_AUGMENT, 0, i);
		bool has[COLORS] = { false };
		struct draws d;

		draws_make(&d, &reader, &rng, 100, 100, NULL, 0);
		for (int k = 0; k < d.colors; k++) {
			has[d.color[k]] = true;
			if (d.color[k] == COLOR_HUE) {
				add(&hue, d.factor[k]);
				continue;
			}
			least = fmin(least, d.factor[k]);
			most = fmax(most, d.factor[k]);
			add(&factor, d.factor[k] - 1);
		}
		add(&steps, d.colors);
		for (int k = 0; k < COLORS; k++) {
			add(&share[k], has[k]);
			add(&first[k], d.colors > 0 && d.color[0] == k);
		}
	}
	agree("colour steps", &steps, 2, 0);
	for (int k = 0; k < COLORS; k++) {
		agree("share of a step", &share[k], 0.5, 0);
		/* 15 of 16 pictures have a first step */
		agree("share of a first step", &first[k], 15.0 / 64, 0);
	}
	agree("factor around 1", &factor, 0, 0);
	agree("hue", &hue, 0, 0);
	/* uniform in [0.5, 1.5): about 15,000 draws reach both ends */
	assert_true(least >= 0.5 && least < 0.501);
	assert_true(most < 1.5 && most > 1.499);
	/* variances of uniform draws; half of the pictures have a hue */
	assert_true(fabs(hue.square / (DRAWS * 0.5) - 108) < 5);
	assert_true(fabs(factor.square / (DRAWS * 1.5) - 1.0 / 12) < 0.003);
}

static void test_flip(void **state)
{
	struct reader_options reader = { .flip = true, .flip_prob = 0.5 };
	struct mean flips = { 0 };

	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct fl_rng rng = fl_rng_open(2, FL_RNG_AUGMENT, i, 7);
		struct draws d;

		draws_make(&d, &reader, &rng, 100, 100, NULL, 0);
		add(&flips, d.flip);
	}
	agree("flips", &flips, 0.5, 0);
}

/* Every size and every interpolation as often as any other, independently. */
static void test_batch(void **state)
{
	static const int interps[5] = { 0, 1, 2, 3, 4 };
	struct reader_options reader = { .size_count = 15,
					 .random_size = true,
					 .random_interp = true };
	struct mean sizes[15] = { 0 }, kinds[5] = { 0 }, pair = { 0 };

	(void)state;
	for (uint64_t i = 0; i < DRAWS; i++) {
		struct fl_rng rng = fl_rng_open(3, FL_RNG_RESIZE, i / 500, i);
		int size, interp;

		draws_batch(&reader, &rng, &size, &interp);
		assert_true(size >= 0 && size < 15);
		for (int k = 0; k < 15; k++)
			add(&sizes[k], size == k);
		for (int k = 0; k < 5; k++)
			add(&kinds[k], interp == interps[k]);
		add(&pair, size < 5 && interp == INTERP_AREA);
	}
	for (int k = 0; k < 15; k++)
		agree("share of a size", &sizes[k], 1.0 / 15, 0);
	for (int k = 0; k < 5; k++)
		agree("share of an interpolation", &kinds[k], 0.2, 0);
	agree("size and interpolation together", &pair, 1.0 / 15, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_expand), cmocka_unit_test(test_crop),
		cmocka_unit_test(test_both),   cmocka_unit_test(test_colors),
		cmocka_unit_test(test_flip),   cmocka_unit_test(test_batch),
	};
	struct fl_err err = FL_ERR_INIT;
	int rc;

	golden = json_read("tests/golden/transforms.json", &err);
	if (!golden) {
		printf("%s\n", err.text);
		return 1;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	json_free(golden);
	return rc;
}

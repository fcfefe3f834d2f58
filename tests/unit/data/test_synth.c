/* The made-up data set has the properties that data/synth.h promises, measured on its files:
 * annotations as written and pixels as a decoder gives them. */
#include "base/par.h"
#include "box/annotations.h"
#include "data/synth.h"
#include "image/image.h"
#include "support/scratch.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define PICTURES 200
#define WIDTH 240
#define HEIGHT 192

static struct annotations train, val;

static void make(const char *dir, uint64_t seed, int train_count, int val_count)
{
	struct synth_options o = { train_count, val_count, WIDTH, HEIGHT,
				   seed };
	struct fl_err err = FL_ERR_INIT;

	if (synth_make(dir, &o, &err) != 0)
		fail_msg("%s", err.text);
}

static void read_split(const char *name, struct annotations *out)
{
	struct fl_err err = FL_ERR_INIT;

	if (annotations_read(scratch_path(name), out, &err) != 0)
		fail_msg("%s", err.text);
}

static int open_sets(void **state)
{
	(void)state;
	make(scratch_path("set"), 0, PICTURES, 50);
	read_split("set/annotations/train.json", &train);
	read_split("set/annotations/val.json", &val);
	return 0;
}

static int close_sets(void **state)
{
	(void)state;
	annotations_release(&train);
	annotations_release(&val);
	return 0;
}

static void test_classes_and_counts(void **state)
{
	int objects[PICTURES] = { 0 }, least = 99, most = 0;
	int of_class[16] = { 0 };

	(void)state;
	assert_true(train.category_count >= 6 && train.category_count <= 16);
	assert_int_equal(train.image_count, PICTURES);
	for (size_t i = 0; i < train.box_count; i++) {
		assert_true(train.boxes[i].image >= 0);
		assert_true(train.boxes[i].category >= 0);
		objects[train.boxes[i].image]++;
		of_class[train.boxes[i].category]++;
	}
	for (int i = 0; i < PICTURES; i++) {
		least = objects[i] < least ? objects[i] : least;
		most = objects[i] > most ? objects[i] : most;
	}
	assert_int_equal(least, 0);
	assert_int_equal(most, 12);
	for (size_t c = 0; c < train.category_count; c++)
		assert_true(of_class[c] > PICTURES / 4);
}

static void test_sides(void **state)
{
	double least = 1, most = 0;

	(void)state;
	for (size_t i = 0; i < train.box_count; i++) {
		const struct annotation_box *b = &train.boxes[i];

		assert_true(b->x >= 0 && b->x + b->w <= WIDTH + 0.01);
		assert_true(b->y >= 0 && b->y + b->h <= HEIGHT + 0.01);
		least = fmin(least, fmin(b->w / WIDTH, b->h / HEIGHT));
		most = fmax(most, fmax(b->w / WIDTH, b->h / HEIGHT));
	}
	/* the file rounds to hundredths of a pixel */
	assert_true(least > 0.06 - 1e-4 && least < 0.065);
	assert_true(most < 0.6 + 1e-4 && most > 0.55);
}

static double shared(const struct annotation_box *a,
		     const struct annotation_box *b, double margin)
{
	double w = fmin(a->x + a->w, b->x + b->w) - fmax(a->x, b->x) + margin;
	double h = fmin(a->y + a->h, b->y + b->h) - fmax(a->y, b->y) + margin;

	return w > 0 && h > 0 ? w * h : 0;
}

static void test_overlaps(void **state)
{
	double most = 0;

	(void)state;
	for (size_t i = 0; i < train.box_count; i++) {
		for (size_t k = 0; k < i; k++) {
			const struct annotation_box *a = &train.boxes[i];
			const struct annotation_box *b = &train.boxes[k];

			if (a->image == b->image)
				most = fmax(most, shared(a, b, 0) /
							  fmin(a->w * a->h,
							       b->w * b->h));
		}
	}
	assert_true(most > 0.4 && most < 0.505);
}

static double brightness(const struct image *im, double x, double y)
{
	const uint8_t *p =
		im->rgb + ((size_t)y * (size_t)im->w + (size_t)x) * 3;

	return 0.299 * p[0] + 0.587 * p[1] + 0.114 * p[2];
}

static bool apart(size_t box)
{
	for (size_t k = 0; k < train.box_count; k++)
		if (k != box &&
		    train.boxes[k].image == train.boxes[box].image &&
		    shared(&train.boxes[k], &train.boxes[box], 4) > 0)
			return false;
	return true;
}

/* Mean brightness of the pixels that are in no box. */
static double ground_of(const struct image *im, int index)
{
	double sum = 0;
	int n = 0;

	for (int y = 0; y < im->h; y += 2) {
		for (int x = 0; x < im->w; x += 2) {
			bool covered = false;

			for (size_t k = 0; k < train.box_count; k++) {
				const struct annotation_box *b =
					&train.boxes[k];

				covered |= b->image == index && x > b->x - 3 &&
					   x < b->x + b->w + 3 &&
					   y > b->y - 3 && y < b->y + b->h + 3;
			}
			if (!covered) {
				sum += brightness(im, x, y);
				n++;
			}
		}
	}
	return n > 500 ? sum / n : 0;
}

/* Mean brightness of a few pixels near the upper edge's middle, where every
 * class that is measured here has colour. */
static double object_of(const struct image *im, const struct annotation_box *b)
{
	double sum = 0;

	for (int i = -1; i <= 1; i++)
		for (int k = 0; k < 3; k++)
			sum += brightness(im, b->x + b->w / 2 + i,
					  b->y + b->h * 0.08 + 2 + k);
	return sum / 9;
}

static void test_contrast(void **state)
{
	static const char *const solid[] = { "circle", "square", "cross" };
	struct fl_err err = FL_ERR_INIT;
	struct image im = { 0 };
	double least = 99, most = 0, grain = 0;
	int measured = 0;

	(void)state;
	for (int i = 0; i < PICTURES; i++) {
		char name[128];
		double ground;

		snprintf(name, sizeof(name), "set/images/train/%s",
			 train.images[i].file_name);
		if (image_read(scratch_path(name), &im, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(im.w, WIDTH);
		assert_int_equal(im.h, HEIGHT);
		grain += fabs(brightness(&im, 0, 0) - brightness(&im, 1, 1));
		ground = ground_of(&im, i);
		for (size_t k = 0; ground > 0 && k < train.box_count; k++) {
			const struct annotation_box *b = &train.boxes[k];
			const char *what = train.categories[b->category].name;
			bool fit = b->image == i && b->h > 24 && b->w > 24 &&
				   apart(k);
			double ratio;

			if (!fit || (strcmp(what, solid[0]) != 0 &&
				     strcmp(what, solid[1]) != 0 &&
				     strcmp(what, solid[2]) != 0))
				continue;
			ratio = object_of(&im, b) / ground;
			ratio = ratio < 1 ? 1 / ratio : ratio;
			least = fmin(least, ratio);
			most = fmax(most, ratio);
			measured++;
		}
	}
	image_release(&im);
	if (measured < 40)
		fail_msg("only %d objects stand alone", measured);
	assert_true(grain / PICTURES > 0.5); /* a texture, not a plane */
	/* the ground's own mean is known to a few per cent only */
	if (!(least > 1.2 && least < 1.42 && most > 1.8))
		fail_msg("contrast of %d objects from %g to %g", measured,
			 least, most);
}

/* Training and held-back pictures differ, seeds differ, the same seed gives
 * the same bytes. */
static void test_seeds(void **state)
{
	struct annotations again, other;
	bool equal_other = true;

	(void)state;
	make(scratch_path("again"), 0, 20, 1);
	make(scratch_path("other"), 1, 20, 1);
	read_split("again/annotations/train.json", &again);
	read_split("other/annotations/train.json", &other);
	assert_true(train.boxes[0].x != val.boxes[0].x ||
		    train.boxes[0].y != val.boxes[0].y);
	for (size_t i = 0; i < again.box_count; i++)
		assert_true(again.boxes[i].x == train.boxes[i].x &&
			    again.boxes[i].w == train.boxes[i].w);
	for (size_t i = 0; i < again.box_count && i < other.box_count; i++)
		equal_other &= again.boxes[i].x == other.boxes[i].x;
	assert_false(equal_other);
	annotations_release(&again);
	annotations_release(&other);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_classes_and_counts),
		cmocka_unit_test(test_sides),
		cmocka_unit_test(test_overlaps),
		cmocka_unit_test(test_contrast),
		cmocka_unit_test(test_seeds),
	};

	fl_par_init(2);
	return cmocka_run_group_tests(tests, open_sets, close_sets);
}

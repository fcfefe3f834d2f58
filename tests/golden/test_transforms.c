/* The transforms against what the reference did with the same draws: oracle/golden/transforms,
 * recorded by
* golden_transforms.py on a 128x96 piece of a photograph. Tolerances are those of its README:
 * steps in 8 bits,
* expansion, crop and flip exactly; resizes to 1e-4 of 255, Lanczos4 to 1e-3 (OpenCV rounds its
 * weights early). */
#include "ckpt/tensor_file.h"
#include "data/transform.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GOLDEN "../shared/oracle/golden/transforms/transforms.safetensors"
#define W 128
#define H 96

static struct tensor_file golden;
static float *input;

static struct image picture(void)
{
	struct image im = { 0 };

	image_resize_buffer(&im, W, H);
	for (int i = 0; i < W * H * 3; i++)
		im.rgb[i] = (uint8_t)input[i];
	return im;
}

static float *tensor(const char *name, size_t *count)
{
	char full[128];
	const struct named_tensor *t;
	float *v;

	snprintf(full, sizeof(full), "%s.image", name);
	t = tensor_file_find(&golden, full);
	if (!t)
		return NULL;
	*count = named_tensor_count(t);
	v = malloc(*count * sizeof(float));
	named_tensor_f32(t, 0, *count, v);
	return v;
}

/* Draws written in a case's name. */
static struct draws draws_of(const char *name)
{
	struct draws d;

	draws_none(&d, W, H);
	if (strncmp(name, "distort", 7) == 0 || strstr(name, "chain")) {
		d.colors = 4;
		memcpy(d.color, (int[]){ 2, 0, 3, 1 }, sizeof(d.color));
		memcpy(d.factor, (double[]){ 1.31, 0.72, -11.2, 1.27 },
		       sizeof(d.factor));
	} else if (sscanf(name, "brightness %lf", &d.factor[0]) == 1) {
		d.colors = 1;
	} else if (sscanf(name, "contrast %lf", &d.factor[0]) == 1) {
		d.colors = 1;
		d.color[0] = COLOR_CONTRAST;
	} else if (sscanf(name, "saturation %lf", &d.factor[0]) == 1) {
		d.colors = 1;
		d.color[0] = COLOR_SATURATION;
	} else if (sscanf(name, "hue %lf", &d.factor[0]) == 1) {
		d.colors = 1;
		d.color[0] = COLOR_HUE;
	}
	if (strncmp(name, "expand", 6) == 0 || strstr(name, "chain")) {
		d.canvas_w = d.crop_w = (int)(W * 1.375);
		d.canvas_h = d.crop_h = (int)(H * 1.375);
		d.paste_y = H / 5;
		d.paste_x = W / 7;
	}
	if (strncmp(name, "crop", 4) == 0 || strstr(name, "chain")) {
		d.crop_x = d.canvas_w / 9;
		d.crop_y = d.canvas_h / 10;
		d.crop_w = (int)(d.canvas_w * 0.8 * sqrt(1.2));
		d.crop_h = (int)(d.canvas_h * 0.8 / sqrt(1.2));
	}
	d.flip = strcmp(name, "flip") == 0 || strstr(name, "chain");
	return d;
}

static struct recipe_reader reader_of(bool normalise)
{
	return (struct recipe_reader){ .fill_value = { 123.675, 116.28,
						       103.53 },
				       .scale = normalise,
				       .mean_std = normalise,
				       .mean = { 0.485, 0.456, 0.406 },
				       .std = { 0.229, 0.224, 0.225 } };
}

static double largest(const float *a, const float *b, size_t n)
{
	double worst = 0;

	for (size_t i = 0; i < n; i++)
		worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
	return worst;
}

static void check(const char *name, int interp, int w, int h, bool normalised,
		  double tolerance)
{
	struct recipe_reader r = reader_of(normalised);
	struct draws d = draws_of(name);
	struct transform t = { 0 };
	struct image im = picture();
	size_t n = 0;
	float *want = tensor(name, &n), *got, *rows;

	assert_non_null(want);
	w = w ? w : d.crop_w;
	h = h ? h : d.crop_h;
	assert_int_equal(n, (size_t)(w * h * 3));
	got = calloc(n, sizeof(float));
	transform_train(&t, &r, &im, &d, interp, w, h, got);
	rows = calloc(n, sizeof(float));
	for (int i = 0; i < w * h * 3;
	     i++) /* the reference has planes by now */
		rows[normalised ? i % 3 * w * h + i / 3 : i] = got[i];
	if (largest(rows, want, n) > tolerance)
		fail_msg("%s: differs by %g, allowed %g", name,
			 largest(rows, want, n), tolerance);
	free(rows);
	free(got);
	free(want);
	image_release(&im);
	transform_release(&t);
}

static void test_exact_steps(void **state)
{
	static const char *const names[] = { "brightness 0.5",
					     "brightness 0.77",
					     "brightness 1.0",
					     "brightness 1.49",
					     "contrast 0.5",
					     "contrast 0.77",
					     "contrast 1.0",
					     "contrast 1.49",
					     "saturation 0.5",
					     "saturation 0.77",
					     "saturation 1.0",
					     "saturation 1.49",
					     "hue -17.9",
					     "hue -7.3",
					     "hue -0.4",
					     "hue 0.4",
					     "hue 5.5",
					     "hue 17.9",
					     "distort s1.31 b0.72 h-11.2 c1.27",
					     "expand 1.375 y19 x18",
					     "crop t0 s0.8 a1.2 y9 x14",
					     "flip",
					     "sample chain" };

	(void)state;
	if (!input)
		skip();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		check(names[i], RECIPE_NEAREST, 0, 0, false, 0);
}

static void test_chain_with_resize(void **state)
{
	(void)state;
	if (!input)
		skip();
	for (int interp = 0; interp < 5; interp++) {
		char name[64];
		double limit = interp == RECIPE_LANCZOS4 ? 1e-3 : 1e-4;

		snprintf(name, sizeof(name), "chain + resize 160 interp %d",
			 interp);
		/* values are divided by 255 and the deviation by now */
		check(name, interp, 160, 160, true, limit / 0.224 + 1e-6);
	}
}

static void test_resizes(void **state)
{
	static const int sizes[][2] = {
		{ 163, 145 }, { 54, 64 }, { 102, 120 }, { 64, 48 }, { 129, 95 }
	};

	(void)state;
	if (!input)
		skip();
	for (int s = 0; s < 5; s++) {
		for (int interp = 0; interp < 5; interp++) {
			double limit = interp == RECIPE_LANCZOS4 ? 1e-3 : 1e-4;
			char name[80];

			snprintf(name, sizeof(name),
				 "resize float32 96x128 to %dx%d interp %d",
				 sizes[s][1], sizes[s][0], interp);
			check(name, interp, sizes[s][0], sizes[s][1], false,
			      255 * limit);
		}
	}
}

/* The evaluation reader's resize works on 8-bit pixels. OpenCV's own vector
 * code rounds otherwise than exact arithmetic in about 1 of 10^5 pixels. */
static void test_bicubic_in_8_bits(void **state)
{
	static const int sizes[][2] = {
		{ 163, 145 }, { 54, 64 }, { 102, 120 }, { 64, 48 }, { 129, 95 }
	};
	struct recipe_reader r = reader_of(false);
	struct transform t = { 0 };

	(void)state;
	if (!input)
		skip();
	r.interp = RECIPE_CUBIC;
	for (int s = 0; s < 5; s++) {
		struct image im = picture();
		char name[80];
		size_t n = 0, differ = 0;
		float *want, *got;

		snprintf(name, sizeof(name),
			 "resize uint8 96x128 to %dx%d interp 2", sizes[s][1],
			 sizes[s][0]);
		want = tensor(name, &n);
		assert_non_null(want);
		got = calloc(n, sizeof(float));
		transform_eval(&t, &r, &im, sizes[s][0], sizes[s][1], got);
		if (largest(got, want, n) > 1)
			fail_msg("%s: differs by %g", name,
				 largest(got, want, n));
		for (size_t i = 0; i < n; i++)
			differ += got[i] != want[i];
		assert_true(differ <= 1 + n / 20000);
		free(want);
		free(got);
		image_release(&im);
	}
	transform_release(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_exact_steps),
		cmocka_unit_test(test_chain_with_resize),
		cmocka_unit_test(test_resizes),
		cmocka_unit_test(test_bicubic_in_8_bits),
	};
	struct fl_err err = FL_ERR_INIT;
	size_t n = 0;
	int rc;

	if (tensor_file_open(&golden, GOLDEN, &err) == 0)
		input = tensor("input", &n);
	else
		printf("skipped: %s is not here\n", GOLDEN);
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	free(input);
	tensor_file_close(&golden);
	return rc;
}

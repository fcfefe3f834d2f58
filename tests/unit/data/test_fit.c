/* A picture that becomes as large as a reader's Resize with keep_ratio wants it: sizes,
 * boxes and pixels are those of PaddleDetection's Resize at commit 666f597, with
 * interp 2 of OpenCV 4.5.5. */
#include "data/cubic.h"
#include "data/transform.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void test_sizes_and_boxes(void **state)
{
	static const struct {
		int w, h, least, most, to_w, to_h;
		float box[4];
	} list[] = {
		{ 640,
		  480,
		  1800,
		  3000,
		  2400,
		  1800,
		  { 5.625f, 8.4375f, 2398.125f, 1797.1875f } },
		{ 2448,
		  3264,
		  1800,
		  3000,
		  1800,
		  2400,
		  { 1.10294116f, 1.65441179f, 1799.63232f, 2399.44849f } },
		{ 333,
		  100,
		  64,
		  96,
		  96,
		  29,
		  { 0.432432443f, 0.652499974f, 95.8558578f, 28.7824993f } },
		{ 61,
		  77,
		  64,
		  96,
		  64,
		  81,
		  { 1.5737704f, 2.36688328f, 63.4754066f, 80.2110367f } },
		{ 64, 64, 64, 64, 64, 64, { 1.5f, 2.25f, 63.5f, 63.25f } },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct reader_options reader = { .fit_short = list[i].least,
						 .fit_long = list[i].most };
		struct image im = { .w = list[i].w, .h = list[i].h };
		struct sample_box box = { { 1.5f, 2.25f, (float)im.w - 0.5f,
					    (float)im.h - 0.75f },
					  0 };
		int w = 0, h = 0;

		assert_true(transform_fit(&reader, &im, &w, &h));
		assert_int_equal(w, list[i].to_w);
		assert_int_equal(h, list[i].to_h);
		boxes_resize(&box, 1, im.w, im.h, w, h);
		for (int k = 0; k < 4; k++)
			assert_true(fabsf(box.v[k] - list[i].box[k]) <=
				    1e-6f * list[i].box[k]);
	}
}

static void test_left_alone(void **state)
{
	struct reader_options reader = { 0 };
	struct image im = { .w = 7, .h = 9 };
	int w, h;

	(void)state;
	assert_false(transform_fit(&reader, &im, &w, &h));
	/* The reference fails on a picture of which nothing would be left. */
	reader.fit_short = reader.fit_long = 32;
	im = (struct image){ .w = 1, .h = 5000 };
	assert_true(transform_fit(&reader, &im, &w, &h));
	assert_true(w == 1 && h == 32);
}

static void check_pixels(int least, int most, int to_w, int to_h, double sum,
			 const int at[2], const uint8_t pixel[3])
{
	struct reader_options reader = { .fit_short = least, .fit_long = most };
	struct image im = { 0 }, out = { 0 };
	double total = 0;
	int w = 0, h = 0;

	image_resize_buffer(&im, 40, 24);
	for (int y = 0; y < 24; y++)
		for (int x = 0; x < 40; x++) {
			uint8_t *p = im.rgb + 3 * (y * 40 + x);

			p[0] = (uint8_t)(x * 5 + y * 3);
			p[1] = (uint8_t)(x * x + y * 7);
			p[2] = (uint8_t)(x * y * 11);
		}
	assert_true(transform_fit(&reader, &im, &w, &h));
	assert_true(w == to_w && h == to_h);
	image_resize_buffer(&out, w, h);
	cubic_resize(&im, w, h, out.rgb);
	for (int i = 0; i < 3 * w * h; i++)
		total += out.rgb[i];
	assert_true(total == sum);
	assert_memory_equal(out.rgb + 3 * (at[0] * w + at[1]), pixel, 3);
	image_release(&im);
	image_release(&out);
}

static void test_pixels(void **state)
{
	(void)state;
	check_pixels(64, 96, 96, 58, 2079556, (int[]){ 10, 20 },
		     (uint8_t[]){ 52, 92, 76 });
	check_pixels(64, 96, 96, 58, 2079556, (int[]){ 57, 95 },
		     (uint8_t[]){ 9, 155, 130 });
	check_pixels(20, 30, 30, 18, 201333, (int[]){ 10, 20 },
		     (uint8_t[]){ 174, 60, 20 });
	check_pixels(20, 30, 30, 18, 201333, (int[]){ 17, 29 },
		     (uint8_t[]){ 2, 131, 154 });
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sizes_and_boxes),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_pixels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

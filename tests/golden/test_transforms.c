/* The transforms against what the reference did with the same draws.
 *
 * transforms.json beside this file holds a 48x32 piece of a photograph and the
 * digests of every result (make_transforms.py). Where the oracle's own files
 * are at hand (../shared), the whole outputs of its 128x96 piece and the
 * digests of the whole photograph are compared too, as is its decoding.
 *
 * Limits are those of the oracle's README: steps in 8 bits, expansion, crop and
 * flip exactly; float resizes to 1e-4 of 255, Lanczos4 to 1e-3 (OpenCV rounds
 * its weights early); the evaluation's bicubic in 8 bits exactly (test_resize.c
 * has more of it). */
#include "base/file.h"
#include "ckpt/tensor_file.h"
#include "image/image.h"
#include "text/json.h"

#include "support/transform_case.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define KEPT "tests/golden/transforms.json"
#define SHARED "../shared/oracle/golden/transforms/transforms"
#define PHOTOGRAPH "../shared/data/bccd/images/BloodImage_00000.jpg"

static double real(const struct json *value)
{
	double v = NAN;

	assert_true(json_real_of(value, &v));
	return v;
}

/* Cases of the evaluation's resize other than bicubic are not promised. */
static bool promised(const char *name)
{
	return strncmp(name, "resize uint8", 12) != 0 ||
	       strstr(name, "interp 2");
}

static void check_digest(const char *name, const struct json *digest,
			 const uint8_t *picture, int w, int h)
{
	struct transform_case c = transform_case_of(name, w, h);
	const struct json *at = json_get(digest, "at");
	size_t n = 3 * (size_t)c.w * (size_t)c.h;
	float *got = transform_case_run(&c, picture, w, h);
	double limit = c.in_8bit ? 0 : transform_case_limit(&c), sum = 0;
	double due = real(json_get(digest, "sum"));

	for (size_t i = 0; i < n; i++)
		sum += (double)got[i];
	for (size_t i = 0; i < json_count(at); i++) {
		double v = (double)got[i * n / json_count(at)];
		double d = fabs(v - (double)(float)real(json_at(at, i)));

		if (d > limit)
			fail_msg("%s: differs by %g, allowed %g", name, d,
				 limit);
	}
	if (fabs(sum - due) > limit * (double)n + 1e-9 * fabs(due))
		fail_msg("%s: the sum differs by %g", name, sum - due);
	free(got);
}

/* Every case of an object {name: digest}, or {name: {image: digest}}. */
static void check_digests(const struct json *cases, const uint8_t *picture,
			  int w, int h, size_t least)
{
	size_t checked = 0;

	for (void *it = json_first(cases); it; it = json_next(cases, it)) {
		const struct json *image = json_get(json_value(it), "image");

		if (!promised(json_key(it)))
			continue;
		check_digest(json_key(it), image ? image : json_value(it),
			     picture, w, h);
		checked++;
	}
	assert_true(checked >= least);
}

static void test_kept(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *golden = json_read(KEPT, &err);
	uint8_t picture[32 * 48 * 3];
	const char *hex = NULL;

	(void)state;
	assert_non_null(golden);
	assert_true(json_text(json_get(golden, "pixels"), &hex));
	assert_int_equal(strlen(hex), 2 * sizeof(picture));
	for (size_t i = 0; i < sizeof(picture); i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		picture[i] = (uint8_t)v;
	}
	check_digests(json_get(golden, "cases"), picture, 48, 32, 60);
	json_free(golden);
}

static void need(const char *path)
{
	if (fl_exists(path))
		return;
	printf("skipped: no %s\n", path);
	skip();
}

static void check_whole(const struct named_tensor *t, const uint8_t *picture,
			int w, int h)
{
	char name[128];
	struct transform_case c;
	size_t n = named_tensor_count(t);
	float *got, *want = malloc((n + 1) * sizeof(*want));
	double limit, worst = 0;

	snprintf(name, sizeof(name), "%.*s",
		 (int)(strlen(t->name) - strlen(".image")), t->name);
	c = transform_case_of(name, w, h);
	limit = c.in_8bit ? 0 : transform_case_limit(&c);
	assert_int_equal(n, 3 * (size_t)c.w * (size_t)c.h);
	named_tensor_f32(t, 0, n, want);
	got = transform_case_run(&c, picture, w, h);
	for (size_t i = 0; i < n; i++)
		worst = fmax(worst, fabs((double)got[i] - (double)want[i]));
	if (worst > limit)
		fail_msg("%s: differs by %g, allowed %g", name, worst, limit);
	free(got);
	free(want);
}

static void test_recorded(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const struct named_tensor *input;
	uint8_t picture[96 * 128 * 3];
	struct tensor_file file;
	size_t checked = 0;

	(void)state;
	need(SHARED ".safetensors");
	assert_int_equal(tensor_file_open(&file, SHARED ".safetensors", &err),
			 0);
	input = tensor_file_find(&file, "input.image");
	assert_int_equal(named_tensor_count(input), sizeof(picture));
	for (size_t i = 0; i < sizeof(picture); i++) {
		float v;

		named_tensor_f32(input, i, 1, &v);
		picture[i] = (uint8_t)v;
	}
	for (size_t i = 0; i < file.count; i++) {
		const char *name = file.tensors[i].name;

		if (!fl_ends_with(name, ".image") || !promised(name) ||
		    strcmp(name, "input.image") == 0)
			continue;
		check_whole(&file.tensors[i], picture, 128, 96);
		checked++;
	}
	assert_true(checked >= 60);
	tensor_file_close(&file);
}

static void test_photograph(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct image im = { 0 };
	const struct json *decode;
	struct json *golden;
	double sum = 0;
	size_t n;

	(void)state;
	need(SHARED ".json");
	need(PHOTOGRAPH);
	golden = json_read(SHARED ".json", &err);
	assert_non_null(golden);
	assert_int_equal(image_read(PHOTOGRAPH, &im, &err), 0);
	n = 3 * (size_t)im.w * (size_t)im.h;
	decode = json_get(golden, "decode");
	for (size_t i = 0; i < n; i++)
		sum += im.rgb[i];
	assert_true(sum == real(json_get(decode, "sum")));
	for (size_t i = 0; i < 16; i++)
		assert_true(im.rgb[i * n / 16] ==
			    real(json_at(json_get(decode, "at"), i)));
	check_digests(json_get(golden, "whole image"), im.rgb, im.w, im.h, 60);
	image_release(&im);
	json_free(golden);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_kept),
		cmocka_unit_test(test_recorded),
		cmocka_unit_test(test_photograph),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

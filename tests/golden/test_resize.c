/* The evaluation reader's 8-bit bicubic against OpenCV's (make_resize.py), every
 * byte: random sizes, exact ratios, up and down, one side alone.
 * RESIZE=FILE judges other cases. */
#include "text/json.h"

#include "support/golden.h"
#include "support/transform_case.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static uint8_t *picture(int w, int h)
{
	size_t n = 3 * (size_t)w * (size_t)h;
	uint32_t x = (uint32_t)(w * 131 + h);
	uint8_t *out = malloc(n);

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		out[i] = (uint8_t)(x >> 24);
	}
	return out;
}

static size_t check(const struct json *row)
{
	int w = golden_int(json_at(json_get(row, "from"), 0));
	int h = golden_int(json_at(json_get(row, "from"), 1));
	struct transform_case c = { .interp = INTERP_CUBIC, .in_8bit = true };
	uint8_t *in = picture(w, h);
	const char *hex = NULL;
	size_t n;
	float *out;

	c.w = golden_int(json_at(json_get(row, "to"), 0));
	c.h = golden_int(json_at(json_get(row, "to"), 1));
	n = 3 * (size_t)c.w * (size_t)c.h;
	assert_true(json_text(json_get(row, "out"), &hex));
	assert_int_equal(strlen(hex), 2 * n);
	out = transform_case_run(&c, in, w, h);
	for (size_t i = 0; i < n; i++) {
		unsigned v;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &v), 1);
		if ((double)out[i] != (double)v)
			fail_msg("%dx%d to %dx%d, value %zu: %g, OpenCV has %u",
				 w, h, c.w, c.h, i, (double)out[i], v);
	}
	free(in);
	free(out);
	return n;
}

static void test_resize(void **state)
{
	const char *path = getenv("RESIZE");
	struct fl_err err = FL_ERR_INIT;
	struct json *golden =
		json_read(path ? path : "tests/golden/resize.json", &err);
	size_t values = 0, cases;

	(void)state;
	if (!golden)
		fail_msg("%s", err.text);
	cases = json_count(json_get(golden, "cases"));
	for (size_t i = 0; i < cases; i++)
		values += check(json_at(json_get(golden, "cases"), i));
	printf("%zu cases, %zu values, all equal\n", cases, values);
	json_free(golden);
	assert_true(cases > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_resize) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

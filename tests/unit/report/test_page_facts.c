/* What a page shows of labels and of the launcher's ledger: boxes of a data set that
 * were counted by hand; means of windows, the last of which is half. */
#include "report/labels.h"
#include "report/ledger_means.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static int64_t int_in(const struct json *o, const char *key, size_t i)
{
	int64_t v = -1;

	json_int(json_at(json_get(o, key), i), &v);
	return v;
}

static int64_t cell_of(const struct json *o, const char *key, size_t y,
		       size_t x)
{
	int64_t v = -1;

	json_int(json_at(json_at(json_get(o, key), y), x), &v);
	return v;
}

static void test_labels(void **state)
{
	/* 200 x 100: a box in the lower right corner, one as large as the picture */
	static const float boxes[3][4] = { { 190, 90, 200, 100 },
					   { 0, 0, 200, 100 },
					   { 195, 95, 200, 100 } };
	static const int classes[] = { 1, 0, 1 };
	static const char *names[] = { "cup", "mug", "none" };
	struct data_image images[] = {
		{ .w = 200,
		  .h = 100,
		  .count = 3,
		  .boxes = boxes,
		  .classes = classes },
		{ .w = 200, .h = 100 },
		{ .w = 200,
		  .h = 100,
		  .count = 1,
		  .boxes = boxes,
		  .classes = classes },
	};
	const struct dataset d = { .images = images,
				   .count = 3,
				   .class_count = 3,
				   .class_names = names,
				   .boxes = 4 };
	struct json *o = labels_json(&d);
	const struct json *mug = json_at(json_get(o, "classes"), 1);

	(void)state;
	assert_int_equal(json_int_or(o, "boxes", -1), 4);
	assert_int_equal(json_int_or(o, "empty", -1), 1);
	assert_int_equal(json_int_or(o, "small", -1), 3);
	assert_int_equal(json_int_or(o, "large", -1), 1);
	assert_int_equal(json_int_or(mug, "boxes", -1), 3);
	assert_int_equal(json_int_or(mug, "images", -1), 2);
	assert_int_equal(int_in(o, "crowd", 0), 1);
	assert_int_equal(int_in(o, "crowd", 1), 1);
	assert_int_equal(int_in(o, "crowd", 2), 0);
	assert_int_equal(int_in(o, "crowd", 3), 1);
	assert_int_equal(cell_of(o, "places", 19, 19), 3);
	assert_int_equal(cell_of(o, "places", 10, 10), 1);
	assert_int_equal(cell_of(o, "sizes", 19, 19), 1);
	assert_int_equal(cell_of(o, "sizes", 2, 1), 2);
	assert_int_equal(cell_of(o, "sizes", 1, 0), 1);
	json_free(o);
}

static void test_ledger(void **state)
{
	static const char text[] =
		"{\"step\": 9, \"ranks\": [{\"rank\": 0, \"host\": \"a\", "
		"\"step_ms\": 10, \"wait_ms\": 4}, {\"rank\": 1, \"host\": "
		"\"b\", \"step_ms\": 20}, {\"rank\": -3}, {\"rank\": 99999}]}\n"
		"nothing\n"
		"{\"step\": 19, \"ranks\": [{\"rank\": 0, \"step_ms\": 30, "
		"\"wait_ms\": 0}]}\n"
		"{\"step\": 29, \"ranks\": [{\"rank\": 0, \"step_ms\": 9999";
	const char *path = scratch_file("ledger.jsonl", text, strlen(text));
	struct json *o = ledger_means(path, 0);

	(void)state;
	assert_int_equal(json_count(o), 2);
	assert_true(json_real_or(json_at(o, 0), "step_ms", 0) == 20);
	assert_true(json_real_or(json_at(o, 0), "wait_ms", -1) == 2);
	assert_true(json_real_or(json_at(o, 1), "step_ms", 0) == 20);
	assert_string_equal(json_text_or(json_at(o, 1), "host", ""), "b");
	json_free(o);
	/* written to by an older run, or not at all */
	assert_null(ledger_means(path, time(NULL) + 100));
	assert_null(ledger_means("/nowhere/ledger.jsonl", 0));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_labels),
		cmocka_unit_test(test_ledger),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

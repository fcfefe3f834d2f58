/* Lines on categories whose ids are texts. */
#include "eval/coco_detections.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char truth_text[] =
	"{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}],"
	" \"categories\": [{\"id\": \"cat\", \"name\": \"cat\"},"
	" {\"id\": \"dog\", \"name\": \"dog\"}],"
	" \"annotations\": [{\"id\": 1, \"image_id\": 1, \"area\": 16,"
	" \"category_id\": \"cat\", \"bbox\": [0, 0, 4, 4]}]}";

/* The lines for one detection of that category. */
static void explain(const char *category, struct fl_str *out)
{
	struct fl_str text = FL_STR_INIT, said = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct coco_detections found;
	struct annotations truth;
	const char *gt =
		scratch_file("gt.json", truth_text, strlen(truth_text));
	const char *dt;

	fl_str_addf(&text,
		    "[{\"image_id\": 1, \"category_id\": \"%s\","
		    " \"bbox\": [0, 0, 4, 4], \"score\": 1}]",
		    category);
	dt = scratch_file("dt.json", fl_str_get(&text), text.len);
	assert_int_equal(annotations_read(gt, &truth, &err), 0);
	assert_int_equal(coco_detections_read(dt, &found, &err), 0);
	assert_int_equal(coco_detections_join(&found, &truth, &said, &err), 0);
	coco_explain_categories(&truth, found.list, found.count, &found, out);
	coco_detections_release(&found);
	annotations_release(&truth);
	fl_str_release(&text);
	fl_str_release(&said);
}

/* "dog" follows "cat" in the order of texts, as 1 follows 0: that is no hint at
 * a file numbered from 0. */
static void test_neighbours(void **state)
{
	struct fl_str out = FL_STR_INIT;

	(void)state;
	explain("dog", &out);
	assert_string_equal(fl_str_get(&out), "");
	fl_str_release(&out);
}

static void test_unknown_text(void **state)
{
	struct fl_str out = FL_STR_INIT;

	(void)state;
	explain("ant", &out);
	assert_non_null(strstr(fl_str_get(&out), "categories ant,"));
	assert_non_null(strstr(fl_str_get(&out), "cat, dog"));
	assert_null(strstr(fl_str_get(&out), "from 0"));
	fl_str_release(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_neighbours),
		cmocka_unit_test(test_unknown_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

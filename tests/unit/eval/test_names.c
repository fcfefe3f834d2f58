/* Classes without a name go by their ids, as people wrote them. */
#include "eval/coco_json.h"
#include "support/scratch.h"

#include "base/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char texts[] =
	"{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}],"
	" \"categories\": [{\"id\": \"cat\"}, {\"id\": \"dog\"}],"
	" \"annotations\": [{\"id\": 1, \"image_id\": 1, \"area\": 16,"
	" \"category_id\": \"cat\", \"bbox\": [0, 0, 4, 4]}]}";
static const char numbers[] =
	"{\"images\": [{\"id\": 1, \"file_name\": \"a.jpg\"}],"
	" \"categories\": [{\"id\": 7}, {\"id\": 8, \"name\": \"x\"},"
	" {\"id\": 9, \"name\": \"x\"}],"
	" \"annotations\": [{\"id\": 1, \"image_id\": 1, \"area\": 16,"
	" \"category_id\": 7, \"bbox\": [0, 0, 4, 4]}]}";

/* What --classwise prints and what --json writes of this truth. */
static void names_of(const char *text, struct fl_str *table, char *json,
		     size_t size)
{
	const char *gt = scratch_file("gt.json", text, strlen(text));
	const char *path = scratch_path("score.json");
	struct fl_err err = FL_ERR_INIT;
	struct annotations truth;
	struct coco_result result;
	struct fl_map map;

	assert_int_equal(annotations_read(gt, &truth, &err), 0);
	assert_int_equal(coco_evaluate(&truth, NULL, 0, &result, &err), 0);
	coco_print_classes(&truth, &result, table);
	assert_int_equal(coco_result_write(path, &truth, 0, &result, &err), 0);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	assert_true(map.size < size);
	memcpy(json, map.data, map.size);
	json[map.size] = '\0';
	fl_map_close(&map);
	coco_result_release(&result);
	annotations_release(&truth);
}

static void test_texts(void **state)
{
	struct fl_str table = FL_STR_INIT;
	char json[2048];

	(void)state;
	names_of(texts, &table, json, sizeof(json));
	assert_non_null(strstr(fl_str_get(&table), " cat "));
	assert_non_null(strstr(fl_str_get(&table), " dog "));
	assert_non_null(strstr(json, "\" (cat)\""));
	assert_non_null(strstr(json, "\" (dog)\""));
	fl_str_release(&table);
}

static void test_numbers(void **state)
{
	struct fl_str table = FL_STR_INIT;
	char json[2048];

	(void)state;
	names_of(numbers, &table, json, sizeof(json));
	assert_non_null(strstr(fl_str_get(&table), " 7 "));
	assert_non_null(strstr(fl_str_get(&table), " x "));
	assert_non_null(strstr(json, "\" (7)\""));
	assert_non_null(strstr(json, "\"x\""));
	assert_non_null(strstr(json, "\"x (9)\""));
	fl_str_release(&table);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_texts),
		cmocka_unit_test(test_numbers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The class names in a checkpoint's metadata: written and read back, and what
 * is broken is refused with the file's name. */
#include "detect/model_classes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int read(const char *names, const char *ids, struct model_classes *out,
		struct fl_err *err)
{
	struct tensor_file file = TENSOR_FILE_INIT;
	int rc;

	if (names)
		tensor_file_add_meta(&file, "class_names", names);
	if (ids)
		tensor_file_add_meta(&file, "class_ids", ids);
	rc = model_classes_read(&file, "x.safetensors", out, err);
	tensor_file_close(&file);
	return rc;
}

static void round_trip(void **state)
{
	const char *const names[] = { "cup", "a \"b\", c", "T\xC3\xBCr", "" };
	const int64_t ids[] = { 7, 0, INT64_C(1) << 52, -3 };
	struct class_list list = { 4, names, ids, "here" };
	struct tensor_meta meta[MODEL_CLASSES_META];
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct model_classes back;

	(void)state;
	model_classes_describe(&list, &arena, meta);
	assert_string_equal(meta[0].key, "class_names");
	assert_int_equal(read(meta[0].text, meta[1].text, &back, &err), 0);
	assert_true(back.stored);
	assert_int_equal(back.list.count, 4);
	for (int i = 0; i < 4; i++) {
		assert_string_equal(back.list.names[i], names[i]);
		assert_true(back.list.ids[i] == ids[i]);
	}
	assert_string_equal(back.list.from, "'x.safetensors'");
	model_classes_close(&back);
	fl_arena_release(&arena);
}

/* Ids that are texts mean something in their own file alone. */
static void text_ids(void **state)
{
	const char *const names[] = { "cup", "fork" };
	const int64_t ids[] = { INT64_MIN, INT64_MIN + 1 };
	struct class_list list = { 2, names, ids, "here" };
	struct tensor_meta meta[MODEL_CLASSES_META];
	struct fl_arena arena = FL_ARENA_INIT;

	(void)state;
	model_classes_describe(&list, &arena, meta);
	assert_string_equal(meta[1].text, "[0, 1]");
	fl_arena_release(&arena);
}

static void nothing(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct model_classes out;

	(void)state;
	assert_int_equal(read(NULL, NULL, &out, &err), 0);
	assert_int_equal(out.list.count, 0);
	assert_false(out.stored);
	assert_int_equal(read(NULL, "[1]", &out, &err), 0);
	assert_int_equal(out.list.count, 0);
	assert_int_equal(read("[]", "[]", &out, &err), 0);
	assert_int_equal(out.list.count, 0);
	model_classes_close(&out);
}

static void broken(void **state)
{
	static const struct {
		const char *names, *ids, *says;
	} rows[] = {
		{ "[\"a\"]", NULL, "no 'class_ids'" },
		{ "", "[1]", "x.safetensors" },
		{ "[\"a\"", "[1]", "x.safetensors" },
		{ "[\"a\"]", "[1", "x.safetensors" },
		{ "{\"a\": 1}", "[1]",
		  "'class_names' of the metadata is no array" },
		{ "[\"a\"]", "7", "'class_ids' of the metadata is no array" },
		{ "[\"a\", \"b\"]", "[1]", "2 class_names and 1 class_ids" },
		{ "[]", "[1]", "0 class_names and 1 class_ids" },
		{ "[5]", "[1]", "class 0 of the metadata" },
		{ "[\"a\", null]", "[1, 2]", "class 1 of the metadata" },
		{ "[\"a\"]", "[\"1\"]", "class 0 of the metadata" },
		{ "[\"a\"]", "[1.5]", "class 0 of the metadata" },
		{ "[\"a\"]]", "[1]", "x.safetensors" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct model_classes out;

		assert_int_equal(read(rows[i].names, rows[i].ids, &out, &err),
				 FL_EDATA);
		assert_int_equal(out.list.count, 0);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(round_trip),
		cmocka_unit_test(text_ids),
		cmocka_unit_test(nothing),
		cmocka_unit_test(broken),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

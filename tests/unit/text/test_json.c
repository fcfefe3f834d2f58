#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "text/json.h"

#include "support/scratch.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static struct json *parse(const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *v = json_parse(text, strlen(text), "test", &err);

	if (!v)
		print_error("%s\n", err.text);
	return v;
}

static void test_values(void **state)
{
	struct json *root = parse("{\"i\": 3, \"r\": 1.5, \"w\": 2.0, \"t\": "
				  "\"\\u00e9x\", \"b\": true, \"n\": null, "
				  "\"a\": [1, [2]]}");
	const char *text = NULL, *keys = "irwtbna";
	double real = 0;
	int64_t whole = 0;
	bool yes = false;
	int at = 0;

	(void)state;
	assert_non_null(root);
	assert_true(json_int(json_get(root, "i"), &whole) && whole == 3);
	assert_true(json_int(json_get(root, "w"), &whole) && whole == 2);
	assert_false(json_int(json_get(root, "r"), &whole));
	assert_true(json_real_of(json_get(root, "i"), &real) && real == 3);
	assert_true(json_real_of(json_get(root, "r"), &real) && real == 1.5);
	assert_true(json_text(json_get(root, "t"), &text));
	assert_string_equal(text, "\xc3\xa9x");
	assert_true(json_bool(json_get(root, "b"), &yes) && yes);
	assert_false(json_bool(json_get(root, "n"), &yes));
	assert_false(json_text(json_get(root, "absent"), &text));
	assert_int_equal(json_kind_of(json_get(root, "n")), JSON_KIND_NULL);
	assert_int_equal(json_count(root), 7);
	assert_int_equal(json_count(json_get(root, "a")), 2);
	assert_int_equal(json_count(json_at(json_get(root, "a"), 1)), 1);
	assert_null(json_at(json_get(root, "a"), 2));
	assert_null(json_get(json_get(root, "a"), "x"));
	for (void *it = json_first(root); it; it = json_next(root, it))
		assert_int_equal(json_key(it)[0], keys[at++]);
	assert_int_equal(at, 7);
	json_free(root);
}

static void test_or(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *text = "{\"t\": \"x\", \"i\": 7, \"r\": 0.5, \"b\": true}";
	struct json *o = json_parse(text, strlen(text), "test", &err);

	(void)state;
	assert_string_equal(json_text_or(o, "t", "?"), "x");
	assert_string_equal(json_text_or(o, "i", "?"), "?");
	assert_int_equal(json_int_or(o, "i", -1), 7);
	assert_int_equal(json_int_or(o, "t", -1), -1);
	assert_true(json_real_or(o, "r", 2) == 0.5);
	assert_true(json_real_or(o, "i", 2) == 7);
	assert_true(json_real_or(o, "absent", 2) == 2);
	assert_true(json_bool_or(o, "b", false));
	assert_true(json_bool_or(o, "absent", true));
	assert_true(json_bool_or(NULL, "b", true));
	json_free(o);
}

static void test_needed(void **state)
{
	struct json *root = parse("{\"i\": 3, \"t\": \"x\"}");
	struct fl_err err = FL_ERR_INIT;
	int64_t whole;

	(void)state;
	assert_int_equal(json_need_int(root, "i", &whole, &err), 0);
	assert_int_equal(whole, 3);
	assert_int_equal(json_need_int(root, "t", &whole, &err), FL_EDATA);
	assert_string_equal(err.text, "'t' is a text and must be a whole "
				      "number");
	assert_int_equal(json_need_int(root, "q", &whole, &err), FL_EDATA);
	assert_string_equal(err.text, "'q' is missing");
	json_free(root);
}

static void test_refused(void **state)
{
	static const char *const texts[] = {
		"",	    "{",	   "{\"a\": 1, \"a\": 2}",
		"[1,]",	    "{\"a\" 1}",   "tru",
		"\"\xff\"", "\"\\u0000\"", "1 2",
		"{1: 2}",   "[1e999]",	   "99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct fl_err err = FL_ERR_INIT;

		assert_null(
			json_parse(texts[i], strlen(texts[i]), "here", &err));
		assert_int_equal(err.code, FL_EDATA);
		assert_int_equal(strncmp(err.text, "here: line ", 11), 0);
	}
}

static void test_print(void **state)
{
	struct json *root = json_new_object(), *list = json_new_array();
	struct fl_str s = FL_STR_INIT;

	(void)state;
	json_set_text(root, "text", "a\"b\\c\n\t\x01 \xc3\xa9 \xff");
	json_set_int(root, "int", INT64_MIN);
	json_set_real(root, "one", 1);
	json_set_real(root, "tenth", 0.1);
	json_set_real(root, "nan", (double)NAN);
	json_set_bool(root, "yes", true);
	json_set_null(root, "none");
	json_add(list, json_new_int(1));
	json_add(list, json_new_object());
	json_set(root, "list", list);
	json_print(root, 0, &s);
	assert_string_equal(
		fl_str_get(&s),
		"{\"text\": \"a\\\"b\\\\c\\n\\t"
		"\\u0001 \xc3\xa9 ?\", \"int\": "
		"-9223372036854775808, \"one\": 1.0, \"tenth\": "
		"0.1, \"nan\": null, \"yes\": true, \"none\": null, "
		"\"list\": [1, {}]}");
	fl_str_clear(&s);
	json_print(list, 2, &s);
	assert_string_equal(fl_str_get(&s), "[\n  1,\n  {}\n]");
	fl_str_release(&s);
	json_free(root);
}

/* Any real comes back with the same bits. */
static void test_reals(void **state)
{
	uint64_t bits = 88172645463325252u;

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct fl_str s = FL_STR_INIT;
		struct json *a, *b;
		double value, back;

		bits ^= bits << 13;
		bits ^= bits >> 7;
		bits ^= bits << 17;
		memcpy(&value, &bits, sizeof(value));
		if (!isfinite(value))
			continue;
		a = json_new_real(value);
		json_print(a, 0, &s);
		b = parse(fl_str_get(&s));
		assert_non_null(b);
		assert_int_equal(json_kind_of(b), JSON_KIND_REAL);
		assert_true(json_real_of(b, &back));
		assert_memory_equal(&back, &value, sizeof(value));
		json_free(a);
		json_free(b);
		fl_str_release(&s);
	}
}

static void test_files(void **state)
{
	const char *path = scratch_path("a.json");
	struct fl_err err = FL_ERR_INIT;
	struct json *root = json_new_object(), *back;
	int64_t whole = 0;

	(void)state;
	json_set_int(root, "a", 5);
	assert_int_equal(json_write(root, path, &err), 0);
	back = json_read(path, &err);
	assert_non_null(back);
	assert_true(json_int(json_get(back, "a"), &whole) && whole == 5);
	assert_null(json_read(scratch_path("is/not/there.json"), &err));
	assert_int_equal(err.code, FL_EIO);
	json_free(root);
	json_free(back);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_values), cmocka_unit_test(test_or),
		cmocka_unit_test(test_needed), cmocka_unit_test(test_refused),
		cmocka_unit_test(test_print),  cmocka_unit_test(test_reals),
		cmocka_unit_test(test_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

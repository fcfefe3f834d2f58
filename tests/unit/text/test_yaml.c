/* test_yaml.c - what stands behind the root, merges, and texts that are printed
 * and read back. */
#include "text/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static struct fl_arena arena = FL_ARENA_INIT;

static struct yaml *parse(const char *text, struct fl_err *err)
{
	struct yaml *root = NULL;

	return yaml_parse(text, strlen(text), "x", &arena, &root, err) == 0
		       ? root
		       : NULL;
}

static struct yaml *good(const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	struct yaml *root = parse(text, &err);

	if (!root)
		fail_msg("'%s': %s", text, err.text);
	return root;
}

static void test_refused(void **state)
{
	static const struct {
		const char *text, *says;
	} rows[] = {
		{ "a: 1\n---\nb: 2\n", "x:2: a second document begins here" },
		{ "---\n---\na: 1\n", "x:2: a second document" },
		{ "a: 1\n...\nb: 2\n", "x:3:" },
		{ "{a: 1} b", "x:1: not YAML" },
		{ "[1, 2] ]", "x:1: not YAML" },
		{ "a: *b\n", "x:1: an alias without its anchor" },
		{ "a: 1\n<<: 2\n", "x:2: '<<' needs a mapping" },
		{ "<<: {}\n<<: {}\n<<: {}\n<<: {}\n<<: {}\n<<: {}\n<<: {}\n"
		  "<<: {}\n<<: {}\n",
		  "x:9: more than 8 '<<'" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_err err = FL_ERR_INIT;

		if (parse(rows[i].text, &err))
			fail_msg("row %zu was read", i);
		assert_int_equal(err.code, FL_ERECIPE);
		if (!strstr(err.text, rows[i].says))
			fail_msg("row %zu: %s", i, err.text);
	}
}

static void test_ends(void **state)
{
	(void)state;
	assert_int_equal(good("")->count, 0);
	assert_int_equal(good("# nothing\n")->count, 0);
	assert_int_equal(good("---\na: 1\n...\n")->count, 1);
	assert_int_equal(good("a: 1\n# the end\n\n")->count, 1);
}

/* PyYAML: own keys win; of a list the first mapping, of several '<<' the last. */
static void test_merges(void **state)
{
	struct yaml *root = good("p: &p {a: 1, b: 1, c: 1}\n"
				 "q: &q {b: 2, d: 2}\n"
				 "list:\n  <<: [*p, *q]\n  c: 3\n"
				 "twice:\n  <<: *p\n  <<: *q\n");
	const struct yaml *list = yaml_get(root, "list");
	const struct yaml *twice = yaml_get(root, "twice");

	(void)state;
	assert_string_equal(yaml_get(list, "b")->text, "1");
	assert_string_equal(yaml_get(list, "c")->text, "3");
	assert_string_equal(yaml_get(list, "d")->text, "2");
	assert_string_equal(yaml_get(twice, "b")->text, "2");
	assert_string_equal(yaml_get(twice, "a")->text, "1");
}

static void test_reads_back(void **state)
{
	static const char *const texts[] = {
		"plain", "",	 "on",	"1e-4",	 "0x10",      "it's",
		"a\nb",	 "a\n",	 "\ta", "\"q\"", "back\\n\n", "\x7f",
		"a: b",	 "# no", "<<",	"- x",	 "!t",	      "\xC3\xA4\n",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct yaml *map = yaml_new_map(&arena, "x", 1);
		struct yaml value = { .kind = YAML_TEXT, .text = texts[i] };
		struct fl_str out = FL_STR_INIT;
		const struct yaml *again;

		yaml_set(&arena, map, texts[i], &value);
		yaml_print(map, 0, &out);
		again = good(fl_str_get(&out));
		assert_int_equal(again->count, 1);
		assert_string_equal(again->keys[0], texts[i]);
		assert_int_equal(again->items[0]->kind, YAML_TEXT);
		assert_string_equal(again->items[0]->text, texts[i]);
		fl_str_release(&out);
	}
}

static int release(void **state)
{
	(void)state;
	fl_arena_release(&arena);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_refused),
		cmocka_unit_test(test_ends),
		cmocka_unit_test(test_merges),
		cmocka_unit_test(test_reads_back),
	};

	return cmocka_run_group_tests(tests, NULL, release);
}

/* Texts that are not UTF-8: the byte, its line, the sentence. */
#include "text/utf8.h"
#include "text/yaml.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct {
	const char *text;
	size_t len;
	const char *says; /* NULL: it is UTF-8 */
} rows[] = {
	{ "", 0, NULL },
	{ "a\xC3\xA4\xE4\xB8\xAD\xF0\x9F\x98\x80", 10, NULL },
	{ "\xEF\xBB\xBF"
	  "a",
	  4, NULL },
	{ "a\nb\xC4\xE3\n", 6,
	  "x:2: byte 0xc4 is not UTF-8: save it as UTF-8" },
	{ "a\r\n\r\n\xE4", 6, "x:3: byte 0xe4" },
	{ "a\rb\r\xE4\r", 6, "x:3: byte 0xe4" },
	{ "a\xE4\xB8", 3, "x:1: byte 0xe4" }, /* cut off */
	{ "\xC0\x80", 2, "x:1: byte 0xc0" },
	{ "abc\n\0d", 6, "x:2: byte 0x00" },
	{ "\xFF\xFE"
	  "a\0\n\0",
	  6, "x:1: the file is UTF-16" },
	{ "\xFE\xFF\0a", 4, "x:1: the file is UTF-16" },
	{ "a\0\n\0b\0", 6, "x:1: the file is UTF-16" },
};

static void test_check(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		/* exactly as long, so that a sanitizer sees one byte more */
		char *text = malloc(rows[i].len ? rows[i].len : 1);
		struct fl_err err = FL_ERR_INIT;
		int rc;

		memcpy(text, rows[i].text, rows[i].len);
		rc = utf8_check(text, rows[i].len, "x", &err);
		if (!rows[i].says)
			assert_int_equal(rc, 0);
		else if (rc != FL_EDATA || !strstr(err.text, rows[i].says))
			fail_msg("row %zu: %d '%s'", i, rc, err.text);
		free(text);
	}
	assert_int_equal(utf8_mark("\xEF\xBB\xBFx", 4), 3);
	assert_int_equal(utf8_mark("\xEF\xBB", 2), 0);
}

static void yaml_says(const char *text, size_t len, const char *says)
{
	struct fl_arena arena = FL_ARENA_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct yaml *tree;
	int rc = yaml_parse(text, len, "r.yml", &arena, &tree, &err);

	if (!says)
		assert_int_equal(rc, 0);
	else if (rc != FL_ERECIPE || !strstr(err.text, says))
		fail_msg("%d '%s', wanted '%s'", rc, err.text, says);
	fl_arena_release(&arena);
}

#define SAYS(text, says) yaml_says(text, sizeof(text) - 1, says)

static void test_yaml(void **state)
{
	(void)state;
	SAYS("a: 1\nb: 2\n# \xC1\xB7\n",
	     "r.yml:3: byte 0xc1 is not UTF-8: save it as UTF-8");
	SAYS("a: 1\nb: 'caf\xE9'\n", "r.yml:2: byte 0xe9");
	SAYS("\xEF\xBB\xBF"
	     "a: 1\r\nb: \xE9\r\n",
	     "r.yml:2: byte 0xe9");
	SAYS("a: 1\n\x1A", "r.yml:2: the control character 0x1a");
	SAYS("a\0:\0 \0001\0\n\0", "r.yml:1: the file is UTF-16");
	SAYS("a:\n\tb: 1\n", "r.yml:2: not YAML");
	SAYS("a:\n  c: 1\n  \tb: 1\n",
	     "the line begins with a tab: use spaces");
	/* with its mark UTF-16 is no matter, as of YAML 1.1 */
	SAYS("\xFF\xFE"
	     "a\0:\0 \0001\0\n\0",
	     NULL);
	SAYS("\xEF\xBB\xBF"
	     "a: 1\n",
	     NULL);
	SAYS("a: \xE4\xB8\xAD\n", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_check),
		cmocka_unit_test(test_yaml),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

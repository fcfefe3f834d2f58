/* test_lines.c - line ends of every system, and what stands around lines. */
#include "text/lines.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Lines joined by '|', a '*' behind the last. */
static void check(const char *file, const char *due)
{
	struct fl_err err = FL_ERR_INIT;
	const char *path = scratch_file("list", file, strlen(file));
	char *text = lines_read(path, path, false, &err), *at = text, *line;
	char got[64] = "";
	int number = 0, count = 0;

	if (!text)
		fail_msg("%s", err.text);
	while ((line = lines_next(&at, &number))) {
		strcat(got, count++ ? "|" : "");
		strcat(got, line);
		assert_int_equal(number, count);
	}
	strcat(got, "*");
	assert_string_equal(got, due);
	free(text);
}

static void test_line_ends(void **state)
{
	(void)state;
	check("a\nb\nc", "a|b|c*");
	check("a\r\nb\r\nc\r\n", "a|b|c|*");
	check("a\rb\rc\r", "a|b|c|*");
	check("a\n\r\n\rb", "a|||b*");
	check("", "*");
	check("\n", "|*");
	check("\xEF\xBB\xBF  a b\t\r\n", "a b|*");
}

static void test_refused(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *gbk = scratch_file("gbk", "a\r\xC4\xE3\r", 5);
	const char *zero = scratch_file("zero", "a\n\0", 3);

	(void)state;
	assert_null(lines_read(gbk, "L", false, &err));
	assert_non_null(strstr(err.text, "L:2: byte 0xc4"));
	free(lines_read(gbk, "L", true, &err));
	assert_null(lines_read(zero, "L", true, &err));
	assert_non_null(strstr(err.text, "L:2: byte 0x00"));
	assert_null(lines_read(scratch_path("none"), "L", false, &err));
	assert_int_equal(err.code, FL_EDATA);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_line_ends),
		cmocka_unit_test(test_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

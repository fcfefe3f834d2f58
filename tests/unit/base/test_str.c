/* Words that go with a count. */
#include "base/str.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void counted(long long n, const char *text, const char *want)
{
	struct fl_str s = FL_STR_INIT;

	fl_str_add_count(&s, n, text);
	assert_string_equal(fl_str_get(&s), want);
	fl_str_release(&s);
}

static void test_counts(void **state)
{
	(void)state;
	counted(0, "{box|boxes}", "0 boxes");
	counted(1, "{box|boxes}", "1 box");
	counted(2, "{box|boxes}", "2 boxes");
	counted(1, "{box that reaches|boxes that reach} over, {|too} ",
		"1 box that reaches over,  ");
	counted(3, "crowd {box is|boxes are} left out",
		"3 crowd boxes are left out");
	counted(5000000000, "plain", "5000000000 plain");
	assert_string_equal(fl_plural(1, "is", "are"), "is");
	assert_string_equal(fl_plural(0, "is", "are"), "are");
	assert_string_equal(fl_plural(-1, "is", "are"), "are");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_counts),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Numbers in the environment: read, absent, and refused with name and value. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/variable.h"

#include <stdlib.h>
#include <string.h>

static int read_as(const char *value, int *out, struct fl_err *err)
{
	*err = (struct fl_err)FL_ERR_INIT;
	*out = 5;
	if (value)
		setenv("FL_TEST", value, 1);
	else
		unsetenv("FL_TEST");
	return fl_variable_int("FL_TEST", 0, 100, out, err);
}

static void numbers(void **state)
{
	static const char *const bad[] = { "abc", "4x",
					   "4,2", " ",
					   "1e3", "-1",
					   "101", "99999999999999999999",
					   "0x4" };
	struct fl_err err;
	int v;

	(void)state;
	assert_int_equal(read_as(NULL, &v, &err), 0);
	assert_int_equal(v, 5);
	assert_int_equal(read_as("", &v, &err), 0);
	assert_int_equal(v, 5);
	assert_int_equal(read_as("0", &v, &err), 0);
	assert_int_equal(v, 0);
	assert_int_equal(read_as("100", &v, &err), 0);
	assert_int_equal(v, 100);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_int_equal(read_as(bad[i], &v, &err), FL_EUSAGE);
		assert_int_equal(v, 5);
		if (!strstr(err.text, "FL_TEST is '") ||
		    !strstr(err.text, bad[i]))
			fail_msg("%s: %s", bad[i], err.text);
	}
}

static void threads(void **state)
{
	static const struct {
		const char *text;
		int want; /* -1: refused */
	} cases[] = { { "4", 4 },   { "8,2", 8 }, { "", 0 },	 { "abc", -1 },
		      { "0", -1 },  { "-2", -1 }, { "4 2", -1 }, { "5000", -1 },
		      { ",4", -1 }, { "4.5", -1 } };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		int v, rc;

		setenv("OMP_NUM_THREADS", cases[i].text, 1);
		rc = fl_variable_threads(&v, &err);
		assert_int_equal(rc, cases[i].want < 0 ? FL_EUSAGE : 0);
		assert_int_equal(v, cases[i].want < 0 ? 0 : cases[i].want);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers),
		cmocka_unit_test(threads),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

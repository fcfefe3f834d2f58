/* Lengths of time: both spellings, and what is none. */
#include "text/duration.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void known(void **state)
{
	static const struct {
		const char *text;
		double seconds;
	} rows[] = {
		{ "10h", 36000 },	{ "90m", 5400 },
		{ "1h30m", 5400 },	{ "2d12h", 216000 },
		{ "45s", 45 },		{ "1.5h", 5400 },
		{ ".5m", 30 },		{ "1d1h1m1s", 90061 },
		{ "1:30:00", 5400 },	{ "0:45", 45 },
		{ "36:00:00", 129600 }, { "1-02:03:04", 93784 },
		{ "0:0.5", 0.5 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		double seconds;

		if (duration_parse(rows[i].text, "--max_time", &seconds,
				   &err) != 0)
			fail_msg("%s: %s", rows[i].text, err.text);
		if (seconds != rows[i].seconds)
			fail_msg("%s: %g s", rows[i].text, seconds);
	}
}

static void refused(void **state)
{
	static const char *const rows[] = {
		"",
		"10",
		"h",
		"10x",
		"-1h",
		"1e3s",
		"0s",
		"inf",
		"nans",
		"30m1h",
		"1h1h",
		"1h30",
		"1:60",
		"1:2:3:4",
		"1-2:3",
		"1-",
		":30",
		"1:",
		"1..5h",
		".h",
		"9999d",
		"10 h",
		"10H",
		"1:30h",
		"11111111111111111111111111s",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		double seconds;

		if (duration_parse(rows[i], "--max_time", &seconds, &err) !=
		    FL_EUSAGE)
			fail_msg("'%s' is taken", rows[i]);
		assert_non_null(strstr(err.text, "--max_time"));
		assert_non_null(strstr(err.text, "90m"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

#include "base/rng.h"
#include "text/number.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void known(void **state)
{
	static const struct {
		double value;
		const char *text;
	} rows[] = {
		{ 0, "0.0" },
		{ -0.0, "-0.0" },
		{ 1, "1.0" },
		{ 0.1, "0.1" },
		{ -2.5, "-2.5" },
		{ 100, "100.0" },
		{ 1.0 / 3, "0.3333333333333333" },
		{ 2.0 / 3, "0.6666666666666666" },
		{ 0.1 + 0.2, "0.30000000000000004" },
		{ 516.752685546875, "516.752685546875" },
		{ 0.6440735459327698, "0.6440735459327698" },
		{ 0.0001, "0.0001" },
		{ 0.00001, "1e-05" },
		{ 123456789012345.6, "123456789012345.6" },
		{ 5e-324, "4.94065645841247e-324" },
		{ 0.5, "0.5" },
		{ 1024, "1024.0" },
		{ 9007199254740993.0, "9007199254740992.0" },
		{ NAN, "NaN" },
		{ INFINITY, "Infinity" },
		{ -INFINITY, "-Infinity" },
	};
	char text[NUMBER_ROOM];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		size_t n = number_print(rows[i].value, text);

		assert_string_equal(text, rows[i].text);
		assert_int_equal(n, strlen(text));
	}
}

/* The fewest of 15 to 17 digits that read back, found by trying. */
static void expect_shortest(double value)
{
	char want[64], text[NUMBER_ROOM];

	for (int digits = 15; digits <= 17; digits++) {
		snprintf(want, sizeof(want), "%.*g", digits, value);
		if (strtod(want, NULL) == value)
			break;
	}
	if (!strpbrk(want, ".e"))
		strcat(want, ".0");
	number_print(value, text);
	if (strcmp(text, want) != 0)
		fail_msg("%a printed as %s, should be %s", value, text, want);
}

static void equals_trying(void **state)
{
	struct fl_rng rng = fl_rng_open(3, FL_RNG_TEST, 0, 0);

	(void)state;
	for (int i = 0; i < 200000; i++) {
		uint64_t bits = fl_rng_u64(&rng);
		double x = fl_rng_range(&rng, -700, 700), any;

		memcpy(&any, &bits, sizeof(any));
		if (isfinite(any))
			expect_shortest(any);
		expect_shortest(x);
		expect_shortest((float)x);
		expect_shortest(round(x * 100) / 100);
		expect_shortest(pow(10, x / 50));
		expect_shortest(ldexp(1, (int)(bits % 80) - 30));
		expect_shortest(nextafter(pow(10, (double)(bits % 20) - 5), x));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known),
		cmocka_unit_test(equals_trying),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

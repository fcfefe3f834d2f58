/* The words of --device are the names of the devices that the program has, in their order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/str.h"
#include "cmd/backends.h"

static void names(void **state)
{
	const struct device *const list[] = { BACKENDS };
	struct fl_str s = FL_STR_INIT;

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++)
		fl_str_addf(&s, "%s%s", i ? "|" : "", list[i]->name);
	assert_string_equal(fl_str_get(&s), BACKEND_NAMES);
	fl_str_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(names) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

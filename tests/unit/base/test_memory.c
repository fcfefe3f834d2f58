/* What is free lies within what there is. */
#include "base/memory.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

static void test_room(void **state)
{
	int64_t all = (int64_t)sysconf(_SC_PHYS_PAGES) *
		      (int64_t)sysconf(_SC_PAGESIZE);

	(void)state;
	assert_true(fl_memory_free() > 0);
	assert_true(fl_memory_free() < all);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_room) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

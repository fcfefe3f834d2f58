/* What the system counts of a process, against the clock of the process itself. */
#include "launch/measure/cpu_time.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static double thread_s(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static void test_own_time(void **state)
{
	double before = thread_s(), after;
	struct cpu_time t;

	(void)state;
	while (thread_s() < before + 0.05)
		continue;
	before = thread_s();
	cpu_time_read(getpid(), &t);
	after = thread_s();
	if (t.on_core == 0)
		skip(); /* a kernel without these counts */
	/* the kernel's count is up to a tick late */
	assert_true(t.on_core > before - 0.02 && t.on_core < after + 0.02);
	assert_true(t.for_core >= 0 && t.throttled >= 0);
}

static void test_nobody(void **state)
{
	struct cpu_time t = { 1, 1, 1 };

	(void)state;
	cpu_time_read(-1, &t);
	assert_true(t.on_core == 0 && t.for_core == 0 && t.throttled == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_time),
		cmocka_unit_test(test_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* The parallel loop: every item once, whatever the threads; threads do not spin for long. */
#include "base/par.h"
#include "base/cores.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ITEMS 1000

static void count(void *ctx, size_t first, size_t last, int chunk)
{
	int *seen = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++)
		seen[i]++;
}

static void test_once(void **state)
{
	static const size_t grains[] = { 1, 7, 999, 1000, 5000 };
	int seen[ITEMS];

	(void)state;
	for (int threads = 1; threads <= 3; threads++) {
		fl_par_init(threads);
		for (size_t g = 0; g < sizeof(grains) / sizeof(*grains); g++) {
			memset(seen, 0, sizeof(seen));
			fl_par_for(ITEMS, grains[g], count, seen);
			for (int i = 0; i < ITEMS; i++)
				assert_int_equal(seen[i], 1);
		}
	}
	fl_par_for(0, 10, count, seen);
}

static bool was_set;

static void test_spins_briefly(void **state)
{
	const char *spins = getenv("GOMP_SPINCOUNT");

	(void)state;
	if (was_set || fl_cores() < 2)
		skip();
	assert_non_null(spins);
	assert_string_equal(spins, "1000");
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_once),
		cmocka_unit_test(test_spins_briefly),
	};
	const char *threads = getenv("OMP_NUM_THREADS");

	(void)argc;
	was_set = getenv("OMP_WAIT_POLICY") ||
		  (threads && strcmp(threads, "1") == 0);
	fl_par_spin_briefly(argv);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

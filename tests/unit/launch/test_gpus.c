/* How many GPUs "--nproc_per_node gpu" finds: files of a folder as /dev has them, as far as
 * CUDA_VISIBLE_DEVICES shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "launch/plan/make.h"

#include "support/scratch.h"

static void counts(void **state)
{
	static const char *const names[] = { "nvidia0", "nvidia1", "nvidiactl",
					     "nvidia3" };
	static const struct {
		const char *visible;
		int want;
	} cases[] = { { NULL, 2 }, { "", 0 },	 { "-1", 0 },
		      { "0", 1 },  { "1,0", 2 }, { "0,1,2", 2 } };

	(void)state;
	assert_int_equal(launch_gpus(scratch_dir(), NULL), 0);
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		scratch_file(names[i], "", 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(launch_gpus(scratch_dir(), cases[i].visible),
				 cases[i].want);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(counts) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

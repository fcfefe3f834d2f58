/* A trainer whose start fails, at whichever descriptor the system refuses, leaves
 * none of them open: an attempt that failed is followed by the next one. */
#include "launch/job/trainer.h"

#include "support/scratch.h"

#include <dirent.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static int open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* The next descriptor would have this number. */
static int next_descriptor(void)
{
	int fd = open("/dev/null", O_RDONLY);

	close(fd);
	return fd;
}

static void test_start_that_fails(void **state)
{
	char program[] = "/bin/true";
	char *argv[] = { program, NULL };
	struct launch_plan plan = { .argv = argv, .alone = true, .count = 1 };
	struct layout layout = { 0 };
	struct rlimit given, few;
	int before, room = 0, rc = -1;

	(void)state;
	snprintf(plan.program, sizeof(plan.program), "%s", program);
	layout_add(&layout, 0, (int[]){ 0 }, 1);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &given), 0);
	scratch_dir(); /* made before anything is counted */
	before = open_descriptors();
	for (; rc != 0 && room < 32; room++) {
		struct launch_environ env = { 0 };
		struct fl_err err = FL_ERR_INIT;
		struct trainer t;

		few = given;
		few.rlim_cur = (rlim_t)(next_descriptor() + room);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
		rc = trainer_start(&t, &plan, &layout, 0, scratch_dir(), &env,
				   -1, &err);
		assert_int_equal(setrlimit(RLIMIT_NOFILE, &given), 0);
		environ_release(&env);
		if (rc == 0) {
			assert_true(waitpid(t.pid, NULL, 0) == t.pid);
			trainer_close(&t);
		} else {
			assert_int_equal(rc, FL_EIO);
		}
		assert_int_equal(open_descriptors(), before);
	}
	assert_int_equal(rc, 0);
	assert_true(room > 6); /* it failed at the log, the page, each pair */
	layout_release(&layout);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_start_that_fails),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

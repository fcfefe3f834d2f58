/* Limits of processes, of both versions of control groups. */
#include "base/processes.h"
#include "base/file.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void put(const char *folder, const char *most, const char *now)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4200];

	assert_int_equal(fl_make_dirs(folder, &err), 0);
	snprintf(path, sizeof(path), "%s/pids.max", folder);
	assert_int_equal(fl_write_file(path, most, strlen(most), &err), 0);
	snprintf(path, sizeof(path), "%s/pids.current", folder);
	assert_int_equal(fl_write_file(path, now, strlen(now), &err), 0);
}

static void expect(const char *mount, const char *list, int64_t left,
		   const char *words)
{
	char why[256];

	assert_int_equal(
		fl_processes_left_in(scratch_file("list", list, strlen(list)),
				     scratch_path(mount), why, sizeof(why)),
		left);
	assert_non_null(strstr(why, words));
}

static void test_second_version(void **state)
{
	(void)state;
	put(scratch_path("two/a/b"), "max\n", "3\n");
	expect("two", "0::/a/b\n", INT64_MAX, "");
	put(scratch_path("two/a"), "10\n", "7\n");
	expect("two", "0::/a/b\n", 3, "allows 10 processes and threads, 7 are");
	put(scratch_path("two/a/b"), "8\n", "6\n");
	expect("two", "0::/a/b\n", 2, "allows 8");
	put(scratch_path("two"), "5\n", "9\n"); /* lowered since */
	expect("two", "0::/elsewhere\n", 0, "allows 5");
}

static void test_first_version(void **state)
{
	(void)state;
	put(scratch_path("one/pids/docker/x"), "100\n", "90\n");
	expect("one", "3:pids:/docker/x\n2:cpu:/docker/x\n", 10,
	       "--pids-limit");
	expect("one", "2:cpu:/docker/x\n", INT64_MAX, "");
}

static void test_check(void **state)
{
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(fl_processes_check(0, "this test", &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_version),
		cmocka_unit_test(test_first_version),
		cmocka_unit_test(test_check),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

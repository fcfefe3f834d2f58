/* test_map.c - files that another program cuts short while they are looked at. */
#include "base/file.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define LARGE ((off_t)65 << 20) /* over what is read */

static const char *large_file(void)
{
	const char *path = scratch_file("large", "head", 4);

	assert_int_equal(truncate(path, LARGE), 0);
	return path;
}

static void test_small_is_kept(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *path = scratch_file("small", "twelve bytes", 12);
	struct fl_map map;

	(void)state;
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	assert_int_equal(truncate(path, 0), 0);
	assert_int_equal(map.size, 12);
	assert_memory_equal(map.data, "twelve bytes", 12);
	assert_int_equal(fl_map_end(&map, path, 7, &err), 7);
}

static void test_large_cut_short(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *path = large_file();
	struct fl_map map, whole;

	(void)state;
	assert_int_equal(fl_map_open(&whole, path, &err), 0);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	assert_int_equal(map.size, LARGE);
	assert_memory_equal(map.data, "head", 4);
	assert_int_equal(fl_map_whole(&map, path, &err), 0);
	assert_int_equal(truncate(path, 1 << 20), 0);
	assert_int_equal(map.data[LARGE - 1], 0); /* SIGBUS without a guard */
	assert_int_equal(map.data[LARGE / 2], 0);
	assert_memory_equal(map.data, "head", 4);
	/* only who looked there has zeros */
	assert_int_equal(fl_map_whole(&whole, path, &err), 0);
	assert_int_equal(fl_map_end(&map, path, 0, &err), FL_EDATA);
	assert_non_null(strstr(err.text, "cut short"));
	fl_map_close(&whole);
	/* the guard is free again and remembers nothing */
	assert_int_equal(fl_map_peek(&map, path, &err), 0);
	assert_memory_equal(map.data, "head", 4);
	assert_int_equal(fl_map_end(&map, path, 0, &err), 0);
}

static void test_more_than_guards(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *path = scratch_file("peeked", "some bytes", 10);
	static struct fl_map maps[300];

	(void)state;
	for (int i = 0; i < 300; i++) {
		assert_int_equal(fl_map_peek(&maps[i], path, &err), 0);
		assert_memory_equal(maps[i].data, "some bytes", 10);
	}
	for (int i = 0; i < 300; i++)
		fl_map_close(&maps[i]);
}

/* SIGBUS from elsewhere ends the process as ever. (In a program of its own:
 * cmocka has a handler too.) */
static int be_hit(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	if (fl_map_open(&map, path, &err) != 0)
		return 1;
	raise(SIGBUS);
	return 0;
}

static void test_foreign_fault(void **state)
{
	const char *path = large_file();
	int status;
	pid_t child = fork();

	(void)state;
	assert_true(child >= 0);
	if (child == 0) {
		signal(SIGBUS, SIG_DFL);
		/* The sanitizer would take it for a report of its own. */
		setenv("ASAN_OPTIONS", "handle_sigbus=0", 1);
		execl("/proc/self/exe", "test_map", path, (char *)NULL);
		_exit(1);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
}

static void test_what_is_no_file(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	(void)state;
	assert_int_equal(fl_map_open(&map, scratch_path("none"), &err), FL_EIO);
	assert_non_null(strstr(err.text, "cannot open"));
	assert_int_equal(fl_map_open(&map, scratch_dir(), &err), FL_EIO);
	assert_non_null(strstr(err.text, "is not a file"));
	assert_int_equal(fl_map_open(&map, scratch_file("empty", "", 0), &err),
			 0);
	assert_int_equal(map.size, 0);
	fl_map_close(&map);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_small_is_kept),
		cmocka_unit_test(test_large_cut_short),
		cmocka_unit_test(test_more_than_guards),
		cmocka_unit_test(test_foreign_fault),
		cmocka_unit_test(test_what_is_no_file),
	};

	if (argc == 2)
		return be_hit(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

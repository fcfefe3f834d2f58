/* test_file.c - folders that are made with those above them. */
#include "base/file.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_folders_above(void **state)
{
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(chdir(scratch_dir()), 0);
	assert_int_equal(fl_make_dirs("a/b//c/", &err), 0);
	assert_true(fl_is_dir("a/b/c"));
	assert_int_equal(fl_make_dirs("a/b/c", &err), 0);
	assert_int_equal(fl_make_dirs("d", &err), 0);
	assert_true(fl_is_dir("d"));
	assert_int_equal(fl_make_dirs("/", &err), 0);
}

/* "" has nothing behind its end (the address sanitizer watches). */
static void test_no_name(void **state)
{
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(fl_make_dirs("", &err), FL_EIO);
	assert_non_null(strstr(err.text, "cannot make folder ''"));
}

static void test_file_in_the_way(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *path = scratch_file("file", "x", 1);

	(void)state;
	assert_int_equal(fl_make_dirs(path, &err), FL_EIO);
	assert_non_null(strstr(err.text, "is not a folder"));
}

/* As where memory is out: exit() amid a file. A child's end leaves its parent's
 * files alone. */
static void test_end_amid_a_file(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	const char *old = "end/whole";
	struct fl_out ours, theirs;
	struct fl_map map;
	pid_t child;
	int status;

	(void)state;
	assert_int_equal(chdir(scratch_dir()), 0);
	assert_int_equal(fl_make_dirs("end", &err), 0);
	assert_int_equal(fl_write_file(old, "old", 3, &err), 0);
	assert_int_equal(fl_out_open(&ours, "end/ours", &err), 0);
	child = fork();
	if (child == 0) {
		if (fl_out_open(&theirs, old, &err) != 0 ||
		    fl_out_write(&theirs, "new", 3, &err) != 0)
			_exit(9);
		exit(4);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 4);
	assert_true(fl_exists(ours.temporary));
	fl_out_abort(&ours);
	assert_int_equal(fl_map_read(&map, old, &err), 0);
	assert_int_equal(map.size, 3);
	assert_memory_equal(map.data, "old", 3);
	fl_map_close(&map);
	/* Nothing else is in the folder. */
	assert_int_equal(unlink("end/whole"), 0);
	assert_int_equal(rmdir("end"), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folders_above),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_file_in_the_way),
		cmocka_unit_test(test_end_amid_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

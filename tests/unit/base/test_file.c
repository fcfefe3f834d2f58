/* test_file.c - folders that are made with those above them. */
#include "base/file.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_folders_above),
		cmocka_unit_test(test_no_name),
		cmocka_unit_test(test_file_in_the_way),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Cores by the limits of control groups: both versions, nested, as containers see them. */
#include "base/cores.h"
#include "base/file.h"

#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static char mount[4096];

static void begin(void)
{
	static int number;

	snprintf(mount, sizeof(mount), "%s/mount%d", scratch_dir(), number++);
}

/* A file of the folder below the mount. */
static void put(const char *folder, const char *name, const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	char path[8300];

	snprintf(path, sizeof(path), "%s/%s", mount, folder);
	assert_int_equal(fl_make_dirs(path, &err), 0);
	snprintf(path, sizeof(path), "%s/%s/%s", mount, folder, name);
	assert_int_equal(fl_write_file(path, text, strlen(text), &err), 0);
}

static void expect(const char *list, double cores)
{
	double got =
		fl_cores_quota(scratch_file("list", list, strlen(list)), mount);

	assert_true(got > cores - 1e-9 && got < cores + 1e-9);
}

static void test_second_version(void **state)
{
	(void)state;
	begin();
	put("a/b/c", "cpu.max", "max 100000\n");
	expect("0::/a/b/c\n", 0);
	put("a/b", "cpu.max", "150000 100000\n");
	expect("0::/a/b/c\n", 1.5);
	put("a", "cpu.max", "400000 200000\n");
	expect("0::/a/b/c\n", 1.5);
	expect("0::/a\n", 2);
	expect("0::/a/\n", 2);
	put("", "cpu.max", "50000 100000\n"); /* a container's own root */
	expect("0::/\n", 0.5);
	expect("0::/a/b/c\n", 0.5);
	expect("0::/not/mounted/here\n", 0.5);
	expect("0::/../../outside\n", 0.5);
	put("", "cpu.max", "nonsense\n");
	expect("0::/\n", 0);
}

static void test_first_version(void **state)
{
	static const char list[] = "5:memory:/m\n4:cpu,cpuacct:/docker/1234\n"
				   "1:name=systemd:/docker/1234\n0::/x\n";

	(void)state;
	begin();
	expect(list, 0);
	put("cpu,cpuacct/docker", "cpu.cfs_quota_us", "300000\n");
	put("cpu,cpuacct/docker", "cpu.cfs_period_us", "100000\n");
	put("cpu,cpuacct/docker/1234", "cpu.cfs_quota_us", "-1\n");
	put("cpu,cpuacct/docker/1234", "cpu.cfs_period_us", "100000\n");
	expect(list, 3);
	put("cpu,cpuacct/docker/1234", "cpu.cfs_quota_us", "50000\n");
	expect(list, 0.5);
	begin(); /* the container's part is mounted in place of all */
	put("cpu,cpuacct", "cpu.cfs_quota_us", "250000\n");
	put("cpu,cpuacct", "cpu.cfs_period_us", "100000\n");
	expect(list, 2.5);
	put("", "cpu.max", "100000 100000\n"); /* both, on some systems */
	expect(list, 1);
}

static void test_here(void **state)
{
	(void)state;
	assert_true(fl_cores() >= 1);
	fl_cores_all();
	assert_true(fl_cores() >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_second_version),
		cmocka_unit_test(test_first_version),
		cmocka_unit_test(test_here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

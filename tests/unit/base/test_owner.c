/* One owner at a time, also after a kill, a boot and without locks. */
#include "base/owner.h"
#include "base/file.h"

#include "support/scratch.h"

#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static bool locks = true;

/* In libc's place: a file system without locks at will. */
int flock(int fd, int operation)
{
	if (locks)
		return (int)syscall(SYS_flock, fd, operation);
	errno = ENOLCK;
	return -1;
}

static const char *new_folder(void)
{
	static int number;
	char name[32];
	const char *path;

	snprintf(name, sizeof(name), "folder%d", number++);
	path = scratch_path(name);
	assert_int_equal(mkdir(path, 0777), 0);
	return path;
}

static int take(struct fl_owner *o, const char *folder, const char *job,
		int flags)
{
	struct fl_err err = FL_ERR_INIT;

	return fl_owner_take(o, folder, job, flags, &err);
}

/* Another process that takes the folder; it lives until it is killed. Returns
 * what it was told. */
static int other_takes(const char *folder, const char *job, int flags,
		       pid_t *pid)
{
	int ends[2], rc = -1;

	assert_int_equal(pipe(ends), 0);
	*pid = fork();
	if (*pid == 0) {
		struct fl_owner o;
		int code = take(&o, folder, job, flags);

		if (write(ends[1], &code, sizeof(code)) > 0)
			pause();
		_exit(0);
	}
	assert_int_equal(read(ends[0], &rc, sizeof(rc)), sizeof(rc));
	close(ends[0]);
	close(ends[1]);
	return rc;
}

static void end(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void holder_is(const struct fl_owner *o, pid_t pid)
{
	char text[64];

	snprintf(text, sizeof(text), "process %d on ", (int)pid);
	assert_int_equal(strncmp(o->holder, text, strlen(text)), 0);
	assert_non_null(strstr(o->holder, "test_owner"));
}

static void one_at_a_time(void)
{
	const char *folder = new_folder();
	struct fl_owner o;
	pid_t pid;

	assert_int_equal(other_takes(folder, "", 0, &pid), 0);
	assert_int_equal(take(&o, folder, "", 0), FL_OWNER_OTHER);
	holder_is(&o, pid);
	fl_owner_release(&o); /* nothing */
	assert_int_equal(take(&o, folder, "mine", FL_OWNER_SHARED),
			 FL_OWNER_OTHER);
	end(pid);
	assert_int_equal(take(&o, folder, "", 0), 0);
	fl_owner_release(&o);
	assert_int_equal(rmdir(folder), 0); /* the file is gone */
}

static void one_job(void)
{
	const char *folder = new_folder();
	struct fl_owner o;
	pid_t first, second;

	assert_int_equal(other_takes(folder, "a", FL_OWNER_SHARED, &first), 0);
	assert_int_equal(other_takes(folder, "a", FL_OWNER_SHARED, &second), 0);
	assert_int_equal(take(&o, folder, "b", FL_OWNER_SHARED),
			 FL_OWNER_OTHER);
	assert_int_equal(take(&o, folder, "a", 0), 0);
	fl_owner_release(&o);
	end(first);
	if (locks) /* the words name the first one */
		assert_int_equal(take(&o, folder, "b", 0), FL_OWNER_OTHER);
	end(second);
	assert_int_equal(take(&o, folder, "b", 0), 0);
	fl_owner_release(&o);
	assert_int_equal(rmdir(folder), 0);
}

static void test_one_at_a_time(void **state)
{
	(void)state;
	one_at_a_time();
	locks = false;
	one_at_a_time();
	locks = true;
}

static void test_one_job(void **state)
{
	(void)state;
	one_job();
	locks = false;
	one_job();
	locks = true;
}

static void test_renamed(void **state)
{
	const char *folder = new_folder(), *other = scratch_path("renamed");
	struct fl_owner o, p;

	(void)state;
	assert_int_equal(take(&o, folder, "", 0), 0);
	assert_int_equal(rename(folder, other), 0);
	assert_int_equal(mkdir(folder, 0777), 0);
	assert_int_equal(take(&p, folder, "", 0), 0);
	fl_owner_release(&o);
	assert_int_equal(rmdir(other), 0);
	fl_owner_release(&p);
	assert_int_equal(rmdir(folder), 0);
}

/* What another machine, another boot and a long line left there. */
static void test_words(void **state)
{
	static const char elsewhere[] = "host no-such-host\nboot 1\nspace x\n"
					"pid 1\nstarted 1\nsince then\njob \n"
					"command run it\n";
	char here[512], host[128], job[3000];
	const char *folder = new_folder();
	char path[4096];
	struct fl_owner o, p;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", folder, FL_OWNER_FILE);
	assert_int_equal(
		fl_write_file(path, elsewhere, sizeof(elsewhere) - 1, &err), 0);
	locks = false;
	assert_int_equal(take(&o, folder, "", 0), FL_OWNER_OTHER);
	assert_string_equal(o.holder,
			    "process 1 on no-such-host (run it), since then");
	assert_int_equal(gethostname(host, sizeof(host)), 0);
	snprintf(here, sizeof(here),
		 "host %s\nboot 1\nspace x\npid 1\nstarted 1\n", host);
	assert_int_equal(fl_write_file(path, here, strlen(here), &err), 0);
	assert_int_equal(take(&o, folder, "", 0), 0);
	fl_owner_release(&o);
	locks = true; /* who holds no lock lives no more */
	assert_int_equal(
		fl_write_file(path, elsewhere, sizeof(elsewhere) - 1, &err), 0);
	memset(job, 'j', sizeof(job) - 1);
	job[sizeof(job) - 1] = '\0';
	assert_int_equal(take(&o, folder, job, FL_OWNER_SHARED), 0);
	assert_int_equal(take(&p, folder, job, FL_OWNER_SHARED), 0);
	fl_owner_release(&o);
	assert_true(fl_exists(path));
	fl_owner_release(&p);
	assert_false(fl_exists(path));
}

/* A lock without words: whoever has it was stopped in between, or is no program
 * of ours. Waits for as long as take does. */
static void test_no_words(void **state)
{
	const char *folder = new_folder();
	char path[4096];
	struct fl_owner o;
	int fd;

	(void)state;
	snprintf(path, sizeof(path), "%s/%s", folder, FL_OWNER_FILE);
	fd = open(path, O_RDWR | O_CREAT, 0666);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(take(&o, folder, "", 0), FL_OWNER_OTHER);
	assert_string_equal(o.holder, "a process that does not say who it is");
	close(fd);
	assert_int_equal(take(&o, folder, "", 0), 0);
	fl_owner_release(&o);
}

static void test_not_allowed(void **state)
{
	struct fl_owner o;
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	assert_int_equal(fl_owner_take(&o, "/proc/self", "", 0, &err), FL_EIO);
	assert_non_null(strstr(err.text, "/proc/self"));
	fl_owner_release(&o);
	assert_int_equal(
		fl_owner_take(&o, scratch_path("is not there"), "", 0, &err),
		FL_EIO);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_one_at_a_time),
		cmocka_unit_test(test_one_job),
		cmocka_unit_test(test_renamed),
		cmocka_unit_test(test_words),
		cmocka_unit_test(test_no_words),
		cmocka_unit_test(test_not_allowed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

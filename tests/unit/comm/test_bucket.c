/* Buckets of gradients over an engine of two ranks: averaged in order by a
 * thread of their own, and what is left where that thread cannot be started. */
#include "comm/bucket.h"
#include "device/device.h"

#include <dlfcn.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static bool no_threads; /* as where a user may have no more processes */

/* In place of the C library's, for all of this program. */
int pthread_create(pthread_t *thread, const pthread_attr_t *attr,
		   void *(*start)(void *), void *arg)
{
	static int (*real)(pthread_t *, const pthread_attr_t *,
			   void *(*)(void *), void *);

	if (no_threads)
		return EAGAIN;
	if (!real)
		*(void **)(void *)&real = dlsym(RTLD_NEXT, "pthread_create");
	return real(thread, attr, start, arg);
}

static int sums;

/* The other rank has the same numbers. */
static int twice(struct comm *comm, float *values, size_t count,
		 struct fl_err *err)
{
	(void)comm, (void)err;
	sums++;
	for (size_t i = 0; i < count; i++)
		values[i] *= 2;
	return 0;
}

static const struct comm_ops ops = { .sum_floats = twice };
static struct comm comm = { .ops = &ops, .world = 2 };
static struct dev *dev;

static void test_averages(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct comm_times times;
	struct buckets *b;
	float grads[1000];

	(void)state;
	for (int i = 0; i < 1000; i++)
		grads[i] = (float)i;
	assert_int_equal(buckets_open(&comm, dev, 1000, 400, true, &b, &err),
			 0);
	buckets_begin(b, dev_queue(dev, DEV_COMPUTE), grads);
	buckets_ready(b, 500);
	buckets_ready(b, 1000);
	assert_int_equal(buckets_wait(b, &times, &err), 0);
	buckets_close(b);
	assert_true(sums > 5);
	for (int i = 0; i < 1000; i++)
		assert_true(grads[i] == (float)i);
}

static void test_no_thread(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct buckets *b = NULL;

	(void)state;
	no_threads = true;
	assert_int_equal(buckets_open(&comm, dev, 1000, 400, true, &b, &err),
			 FL_EINTERNAL);
	no_threads = false;
	assert_non_null(strstr(err.text, "cannot start a thread"));
	/* whoever opened them closes them, as after any other failure */
	assert_null(b);
	buckets_close(b);
	comm_mean_close(&comm);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_averages),
		cmocka_unit_test(test_no_thread),
	};
	struct fl_err err = FL_ERR_INIT;
	int rc;

	if (device_open("ref", &dev, &err) != 0) {
		print_error("%s\n", err.text);
		return 1;
	}
	rc = cmocka_run_group_tests(tests, NULL, NULL);
	device_close(dev);
	return rc;
}

/* That the strict device finds what it is for: each fault is made on purpose, beside
 * the right program, which must pass under every order that is drawn. */
#include "support/strict.h"
#include "base/par.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define N 8
#define SEEDS 8

struct bench {
	struct dev *dev;
	struct dev_queue *q, *other;
	struct dev_slab a, b;
};

static void open_bench(struct bench *t, int seed)
{
	struct fl_err err = FL_ERR_INIT;
	char name[32];

	snprintf(name, sizeof(name), "strict:%d", seed);
	assert_int_equal(device_open(name, &t->dev, &err), 0);
	t->q = dev_queue(t->dev, DEV_COMPUTE);
	t->other = dev_queue(t->dev, DEV_TRANSFER);
	assert_int_equal(
		dev_slab_new(t->dev, N * sizeof(float), DEV_OWN, &t->a, &err),
		0);
	assert_int_equal(
		dev_slab_new(t->dev, N * sizeof(float), DEV_OWN, &t->b, &err),
		0);
}

static void close_bench(struct bench *t)
{
	dev_slab_free(t->dev, &t->a);
	dev_slab_free(t->dev, &t->b);
	device_close(t->dev);
}

static const float ones[N] = { 1, 1, 1, 1, 1, 1, 1, 1 };

/* How a child ends that does this with a bench. */
static int signal_of(void (*act)(struct bench *t))
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		struct bench t;

		signal(SIGSEGV, SIG_DFL);
		open_bench(&t, 0);
		act(&t);
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

static void host_read(struct bench *t)
{
	volatile float v = *(float *)t->a.data;

	(void)v;
}

static void host_write(struct bench *t)
{
	*(volatile float *)t->a.data = 1;
}

static void host_read_after_use(struct bench *t)
{
	struct fl_err err = FL_ERR_INIT;

	dev_write(t->q, t->a.data, ones, sizeof(ones));
	dev_wait(t->q, &err);
	host_read(t);
}

static void read_of_freed(struct bench *t)
{
	struct dev_slab gone = t->a;
	struct fl_err err = FL_ERR_INIT;
	float v;

	dev_slab_free(t->dev, &t->a);
	dev_read(t->q, &v, gone.data, sizeof(v));
	dev_wait(t->q, &err);
}

static void nothing_wrong(struct bench *t)
{
	struct fl_err err = FL_ERR_INIT;
	float v[N];

	dev_write(t->q, t->a.data, ones, sizeof(ones));
	dev_fetch(t->q, v, t->a.data, sizeof(v), &err);
}

static void test_memory_is_closed(void **state)
{
	(void)state;
	assert_int_equal(signal_of(host_read), SIGSEGV);
	assert_int_equal(signal_of(host_write), SIGSEGV);
	assert_int_equal(signal_of(host_read_after_use), SIGSEGV);
	assert_int_equal(signal_of(read_of_freed), SIGSEGV);
	assert_int_equal(signal_of(nothing_wrong), 0);
}

static void test_new_memory_is_no_number(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct bench t;
	float v[N];

	(void)state;
	open_bench(&t, 0);
	assert_int_equal(dev_fetch(t.q, v, t.a.data, sizeof(v), &err), 0);
	for (int i = 0; i < N; i++)
		assert_true(isnan(v[i]));
	close_bench(&t);
}

static void test_work_is_late(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	float v[N] = { 0 }, source[N];
	struct bench t;

	(void)state;
	open_bench(&t, 0);
	memcpy(source, ones, sizeof(source));
	dev_write(t.q, t.a.data, source, sizeof(source));
	source[0] = 7; /* the fault: it was not waited for */
	dev_read(t.q, v, t.a.data, sizeof(v));
	assert_true(v[0] == 0); /* looked at too soon: nothing there */
	assert_int_equal(dev_wait(t.q, &err), 0);
	assert_true(v[0] == 7 && v[1] == 1);
	close_bench(&t);
}

/* a is written in one queue and doubled in another; with the mark always, without
 * it under some orders only. Returns how often the result was right. */
static int right_results(bool marked)
{
	int right = 0;

	for (int seed = 0; seed < SEEDS; seed++) {
		struct fl_err err = FL_ERR_INIT;
		struct dev_mark written = { 0 }, doubled = { 0 };
		const struct dev_core *core;
		struct bench t;
		float v[N];

		open_bench(&t, seed);
		core = t.dev->device->core;
		dev_write(t.other, t.a.data, ones, sizeof(ones));
		core->mark(t.other, &written);
		if (marked)
			core->after(t.q, &written);
		dev_ops(t.dev)->scale(t.q, t.a.data, N, 2);
		core->mark(t.q, &doubled);
		core->after(t.other, &doubled);
		dev_fetch(t.other, v, t.a.data, sizeof(v), &err);
		right += v[0] == 2;
		core->mark_free(t.dev, &written);
		core->mark_free(t.dev, &doubled);
		close_bench(&t);
	}
	return right;
}

static void test_marks(void **state)
{
	int without = right_results(false);

	(void)state;
	assert_int_equal(right_results(true), SEEDS);
	assert_true(without < SEEDS); /* the fault shows */
}

static void test_record(void **state)
{
	struct dev_recording *work;
	const struct dev_core *core;
	struct fl_err err = FL_ERR_INIT;
	struct bench t;
	float v[N];

	(void)state;
	open_bench(&t, 0);
	core = t.dev->device->core;
	dev_write(t.q, t.a.data, ones, sizeof(ones));
	assert_int_equal(core->record(t.q, &err), 0);
	dev_ops(t.dev)->scale(t.q, t.a.data, N, 2);
	assert_int_not_equal(dev_wait(t.q, &err), 0); /* a fault */
	assert_int_equal(core->recorded(t.q, &work, &err), 0);
	dev_fetch(t.q, v, t.a.data, sizeof(v), &err);
	assert_true(v[0] == 1); /* kept, not done */
	for (int i = 0; i < 3; i++)
		core->replay(t.q, work);
	dev_fetch(t.q, v, t.a.data, sizeof(v), &err);
	assert_true(v[0] == 8);
	core->recording_free(t.dev, work);
	close_bench(&t);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_memory_is_closed),
		cmocka_unit_test(test_new_memory_is_no_number),
		cmocka_unit_test(test_work_is_late),
		cmocka_unit_test(test_marks),
		cmocka_unit_test(test_record),
	};

	fl_par_init(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

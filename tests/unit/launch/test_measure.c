/* One connection measured: over loopback, with an end that stops at every stage, with one that
 * sends nonsense. Whatever it does, both ends come back within their bound. */
#include "base/clock.h"
#include "launch/measure/measure.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

/* Two ends of a TCP connection over loopback. */
static void make_pair(int ends[2])
{
	struct sockaddr_in at = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t n = sizeof(at);
	int listener = socket(AF_INET, SOCK_STREAM, 0);
	struct sockaddr *a = (struct sockaddr *)(void *)&at;

	assert_int_equal(bind(listener, a, sizeof(at)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, a, &n), 0);
	ends[0] = socket(AF_INET, SOCK_STREAM, 0);
	assert_int_equal(connect(ends[0], a, n), 0);
	ends[1] = accept(listener, NULL, NULL);
	assert_true(ends[1] >= 0);
	close(listener);
}

struct answerer {
	pthread_t thread;
	int fd, rc;
	struct measure_plan plan;
	atomic_bool cancel;
	struct fl_err err;
};

static void *answer(void *arg)
{
	struct answerer *a = arg;

	a->rc = measure_answer(a->fd, &a->plan, &a->cancel, &a->err);
	return NULL;
}

static const struct measure_plan quick = { 16, 0.03, 0.05, 20 };
static const struct measure_plan trips_only = { 16, 0.03, 0, 20 };
static const struct measure_plan hasty = { 16, 0.03, 0.05, 0.3 };

static void measure_once(const struct measure_plan *plan,
			 struct measure_result *out)
{
	struct answerer a = { .plan = *plan };
	struct fl_err err = { 0 };
	atomic_bool never = false;
	int ends[2], rc;

	make_pair(ends);
	a.fd = ends[1];
	pthread_create(&a.thread, NULL, answer, &a);
	rc = measure_ask(ends[0], plan, &never, out, &err);
	pthread_join(a.thread, NULL);
	if (rc != 0 || a.rc != 0)
		print_message("%s | %s\n", err.text, a.err.text);
	assert_int_equal(rc, 0);
	assert_int_equal(a.rc, 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_quick(void **state)
{
	struct measure_result r;

	(void)state;
	for (int i = 0; i < 10; i++) {
		measure_once(&quick, &r);
		assert_true(r.trips >= 3 && r.trips <= 16);
		assert_true(r.round_trip >= r.round_trip_least);
		assert_true(r.round_trip_least > 0);
		/* One clock: the estimate must know how far off it may be. */
		assert_true(r.clock.offset <= r.clock.error + 1e-6);
		assert_true(r.clock.offset >= -r.clock.error - 1e-6);
		assert_true(r.there > 1e6);
		assert_true(r.back > 1e6);
	}
}

static void test_trips_only(void **state)
{
	struct measure_result r;

	(void)state;
	measure_once(&trips_only, &r);
	assert_true(r.trips > 0);
	assert_true(r.there == 0 && r.back == 0);
}

/* The other end says nothing, or stops after its first word: both ends time out. */
static void test_silence(void **state)
{
	static const char word[16] = { 0 };
	atomic_bool never = false;

	(void)state;
	for (int words = 0; words < 2; words++) {
		struct measure_result r;
		struct fl_err err = { 0 };
		double start = fl_now_s();
		int ends[2];

		make_pair(ends);
		if (words)
			assert_int_equal(write(ends[1], word, sizeof(word)),
					 16);
		assert_int_equal(measure_ask(ends[0], &hasty, &never, &r, &err),
				 FL_ETIMEOUT);
		assert_string_equal(err.text,
				    "the other end stopped answering");
		assert_int_equal(measure_answer(ends[1], &hasty, &never, &err),
				 FL_ETIMEOUT);
		assert_true(fl_now_s() - start < 5 * 2 * hasty.limit_s);
		close(ends[0]);
		close(ends[1]);
	}
}

/* It asks for a stream and sends none; it takes none; it goes away. */
static void test_half_way(void **state)
{
	unsigned char record[16] = { 0 };
	atomic_bool never = false;
	struct fl_err err = { 0 };
	int ends[2];

	(void)state;
	record[8 + 4] = 1; /* 2^32 ns, more than it will wait */
	make_pair(ends);
	assert_int_equal(write(ends[0], record, 16), 16);
	assert_int_equal(measure_answer(ends[1], &hasty, &never, &err),
			 FL_ETIMEOUT);
	assert_string_equal(err.text, "the other end stopped sending data");
	close(ends[0]);
	assert_int_equal(measure_answer(ends[1], &hasty, &never, &err),
			 FL_EPEER);
	close(ends[1]);
}

static void test_out_of_turn(void **state)
{
	unsigned char nonsense[32];
	atomic_bool never = false;
	struct measure_result r;
	struct fl_err err = { 0 };
	int ends[2];

	(void)state;
	memset(nonsense, 0xa5, sizeof(nonsense));
	make_pair(ends);
	assert_int_equal(write(ends[1], nonsense, 32), 32);
	assert_int_equal(measure_ask(ends[0], &hasty, &never, &r, &err),
			 FL_EPEER);
	close(ends[0]);
	close(ends[1]);
}

static void test_cancel(void **state)
{
	struct answerer a = { .plan = quick };
	double start = fl_now_s();
	int ends[2];

	(void)state;
	make_pair(ends);
	a.fd = ends[1];
	pthread_create(&a.thread, NULL, answer, &a);
	fl_sleep_s(0.1);
	atomic_store(&a.cancel, true);
	pthread_join(a.thread, NULL);
	assert_int_equal(a.rc, FL_ETERM);
	assert_true(fl_now_s() - start < 5);
	close(ends[0]);
	close(ends[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_quick),
		cmocka_unit_test(test_trips_only),
		cmocka_unit_test(test_silence),
		cmocka_unit_test(test_half_way),
		cmocka_unit_test(test_out_of_turn),
		cmocka_unit_test(test_cancel),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

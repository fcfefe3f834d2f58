/* Between "all are ready" and the start, and what comes of it later: orders,
 * results, the report, the forecast. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include "base/clock.h"
#include "launch/watch/preflight.h"

#include <poll.h>
#include <string.h>

static const struct room rooms[3] = { { -1, -1, -1 },
				      { -1, -1, -1 },
				      { -1, -1, -1 } };

static void hear(struct preflight *p, int seat, enum wire_type type,
		 const char *text)
{
	struct json *o = fake_json(text);

	preflight_heard(p, seat, type, o);
	json_free(o);
}

#define ASKED(with, rate)                                                    \
	"{'round': 0, 'with': " #with ", 'round_trips': 16, "                \
	"'round_trip_s': 0.0001, 'round_trip_least_s': 0.0001, 'offset_s': " \
	"0, 'offset_error_s': 0, 'there_bits_per_s': " #rate                 \
	", 'back_bits_per_s': " #rate "}"

/* Two machines, one link, and all goes well. */
static struct preflight *measured(struct fake *x)
{
	struct preflight *p = preflight_new(&x->attempt);

	x->attempt.preflight = p;
	assert_false(preflight_turn(p, rooms));
	hear(p, 1, WIRE_MEASURED, ASKED(0, 1e9));
	hear(p, 0, WIRE_MEASURED, "{'round': 0, 'with': 1}");
	assert_true(preflight_turn(p, rooms));
	return p;
}

static void test_leads(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct preflight *p = measured(x);
	int order = fake_sent(x, 1, WIRE_MEASURE);
	int report = fake_sent(x, 1, WIRE_PREFLIGHT);

	(void)state;
	assert_int_equal(order, 0);
	assert_int_equal(json_int_or(x->sent[order].o, "with", -1), 0);
	assert_int_equal(json_int_or(x->sent[order].o, "round_trips", -1), 16);
	assert_true(preflight_busy_at(p) > 0);
	assert_int_equal(report, 1);
	assert_int_equal(json_int_or(x->sent[report].o, "status", -1), 0);
	assert_non_null(strstr(json_text_or(x->sent[report].o, "summary", ""),
			       "1 link measured: round trip 100 to 100 us"));
	assert_non_null(strstr(fake_file(x, "preflight.json"), "\"pairs\""));
	assert_true(preflight_turn(p, rooms)); /* there is nothing left */
	assert_int_equal(x->sent_count, 2);
	assert_false(preflight_was_all(p)); /* the job starts */
	preflight_free(p);
	fake_close(x);
}

/* An error of one end ends the pair, and a job that only looks with 6. */
static void test_fails(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct preflight *p = preflight_new(&x->attempt);
	const struct json *pair;
	int at;

	(void)state;
	x->options.preflight = true;
	preflight_turn(p, rooms);
	hear(p, 1, WIRE_MEASURED, "{'round': 1, 'with': 0}"); /* too early */
	hear(p, 1, WIRE_MEASURED,
	     "{'round': 0, 'with': 0, 'error': 'no route'}");
	assert_false(preflight_turn(p, rooms)); /* the other end may know */
	fl_sleep_s(0.6);
	assert_true(preflight_turn(p, rooms));
	at = fake_sent(x, 1, WIRE_PREFLIGHT);
	assert_true(at >= 0);
	assert_int_equal(json_int_or(x->sent[at].o, "status", -1), 6);
	pair = json_at(json_get(x->sent[at].o, "pairs"), 0);
	assert_string_equal(json_text_or(pair, "error", ""),
			    "127.0.0.2: no route");
	assert_int_equal(preflight_status(p), 6);
	assert_true(preflight_was_all(p)); /* a program that is not ours */
	x->plan.trains = true;
	assert_false(preflight_was_all(p)); /* ours times its steps */
	preflight_free(p);
	fake_close(x);
}

/* Three machines take three rounds; nobody is in two pairs of one. */
static void test_rounds(void **state)
{
	struct fake *x = fake_open(3, 1, 0);
	struct preflight *p = preflight_new(&x->attempt);

	(void)state;
	for (int round = 0; round < 3; round++) {
		assert_false(preflight_turn(p, rooms)); /* they measure */
		for (int a = 0; a < 3; a++)
			for (int b = 0; b < 3; b++) {
				char text[64];

				snprintf(text, sizeof(text),
					 "{'round': %d, 'with': %d}", round, b);
				if (a != b)
					hear(p, a, WIRE_MEASURED, text);
			}
		if (round == 2)
			assert_true(preflight_turn(p, rooms));
	}
	assert_true(fake_sent(x, 1, WIRE_MEASURE) >= 0);
	assert_true(fake_sent(x, 2, WIRE_MEASURE) >= 0);
	assert_true(fake_sent(x, 1, WIRE_PREFLIGHT) >= 0);
	assert_true(fake_sent(x, 2, WIRE_PREFLIGHT) >= 0);
	assert_int_equal(x->sent_count, 2 * 3 - 2 + 2); /* two ends a pair */
	preflight_free(p);
	fake_close(x);
}

/* A restart does not wait for it, and one machine has no links. */
static void test_skipped(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct preflight *p;

	(void)state;
	x->layout.attempt = 1;
	p = preflight_new(&x->attempt);
	assert_true(preflight_turn(p, rooms));
	assert_int_equal(x->sent_count, 0);
	preflight_free(p);
	fake_close(x);
	x = fake_open(1, 1, 0);
	p = preflight_new(&x->attempt);
	assert_true(preflight_turn(p, rooms));
	assert_int_equal(x->sent_count, 0);
	assert_non_null(strstr(fake_file(x, "preflight.json"), "\"machines\""));
	preflight_free(p);
	fake_close(x);
	assert_true(preflight_turn(NULL, rooms));
}

/* The later machine of a pair calls; nobody listens, which it reports. */
static void test_member(void **state)
{
	struct fake *x = fake_open(2, 1, 1);
	struct preflight *p = preflight_new(&x->attempt);
	struct pollfd fd;
	int at;

	(void)state;
	hear(p, 0, WIRE_MEASURE,
	     "{'with': 0, 'round': 3, 'round_trips': 16, 'round_trips_s': "
	     "0.03, 'stream_s': 0.05, 'limit_s': 2}");
	assert_int_equal(preflight_fds(p, &fd), 1);
	assert_int_equal(poll(&fd, 1, 10000), 1);
	preflight_member_turn(p);
	at = fake_sent(x, 0, WIRE_MEASURED);
	assert_int_equal(at, 0);
	assert_int_equal(json_int_or(x->sent[at].o, "round", -1), 3);
	assert_true(*json_text_or(x->sent[at].o, "error", "") != '\0');
	hear(p, 0, WIRE_PREFLIGHT, "{'summary': 's', 'status': 6}");
	assert_int_equal(preflight_status(p), 0); /* of a job that goes on */
	x->options.preflight = true;
	assert_int_equal(preflight_status(p), 6);
	assert_non_null(strstr(fake_file(x, "preflight.json"), "summary"));
	preflight_rest(p);
	assert_int_equal(preflight_fds(p, &fd), 0);
	preflight_free(p);
	fake_close(x);
}

/* --- pace --- */

static void tell_pace(void *w, struct fake *x, int local, double compute_s)
{
	char text[256];
	struct json *o;

	snprintf(text, sizeof(text),
		 "{'event': 'pace', 'gradient_bytes': 25000000, "
		 "'small_sums': 10, 'compute_s': %g, 'step_s': 0.5}",
		 compute_s);
	o = fake_json(text);
	watch_pace.said(w, &x->trainers[local], AGENT_PACE, o);
	json_free(o);
}

/* 200 Mbit over 1 Gbit/s, beside a backward pass that hides them. */
static void test_forecast(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct preflight *p = measured(x);
	void *w = watch_pace.begin(&x->attempt);
	int at;

	(void)state;
	tell_pace(w, x, 0, 0.4);
	at = fake_sent(x, 1, WIRE_FORECAST);
	assert_true(at >= 0);
	assert_true(json_real_or(x->sent[at].o, "all_reduce_s", 0) > 0.2);
	assert_true(json_real_or(x->sent[at].o, "all_reduce_s", 0) < 0.21);
	assert_false(json_bool_or(x->sent[at].o, "limit", true));
	assert_non_null(strstr(fake_file(x, "preflight.json"), "\"forecast\""));
	at = x->sent_count;
	tell_pace(w, x, 0, 0.4); /* once */
	assert_int_equal(x->sent_count, at);
	watch_pace.end(w);
	preflight_free(p);
	fake_close(x);
}

/* In a preflight all ranks tell, and the slowest counts. */
static void test_slowest(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct preflight *p = measured(x);
	void *w = watch_pace.begin(&x->attempt);
	struct json *o = fake_json("{'event': 'pace', 'gradient_bytes': "
				   "25000000, 'small_sums': 10, 'compute_s': "
				   "0.1, 'step_s': 0, 'rank': 1}");
	int at;

	(void)state;
	x->options.preflight = true;
	watch_pace.heard(w, 1, WIRE_PACE, o);
	watch_pace.heard(w, 1, WIRE_PACE, o);
	assert_int_equal(fake_sent(x, 1, WIRE_FORECAST), -1);
	tell_pace(w, x, 0, 0.15);
	at = fake_sent(x, 1, WIRE_FORECAST);
	assert_true(at >= 0);
	assert_true(json_real_or(x->sent[at].o, "compute_s", 0) == 0.15);
	assert_true(json_bool_or(x->sent[at].o, "limit", false));
	json_free(o);
	watch_pace.end(w);
	preflight_free(p);
	fake_close(x);
}

/* Another machine passes a pace on, and shows the forecast. */
static void test_pace_member(void **state)
{
	struct fake *x = fake_open(2, 1, 1);
	struct preflight *p = preflight_new(&x->attempt);
	struct json *o = fake_json("{'text': 'so long', 'limit': false}");
	void *w;
	int at;

	(void)state;
	x->attempt.preflight = p;
	hear(p, 0, WIRE_PREFLIGHT, "{'summary': 's', 'status': 0}");
	w = watch_pace.begin(&x->attempt);
	tell_pace(w, x, 0, 0.4);
	at = fake_sent(x, 0, WIRE_PACE);
	assert_int_equal(at, 0);
	assert_int_equal(json_int_or(x->sent[at].o, "rank", -1), 1);
	watch_pace.heard(w, 0, WIRE_FORECAST, o);
	assert_non_null(strstr(fake_file(x, "preflight.json"), "so long"));
	json_free(o);
	watch_pace.end(w);
	preflight_free(p);
	fake_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_leads),
		cmocka_unit_test(test_fails),
		cmocka_unit_test(test_rounds),
		cmocka_unit_test(test_skipped),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_forecast),
		cmocka_unit_test(test_slowest),
		cmocka_unit_test(test_pace_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

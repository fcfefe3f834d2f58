/* The ledger: what is sent, when a window is whole, what is written of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include <stdio.h>
#include <string.h>

/* A trainer's page after so many steps, of which each took so long. */
static void steps(struct fake *x, int local, int count, double step_s,
		  double data_s, double wait_s)
{
	struct agent_status *s = &x->pages[local];

	s->step = count;
	atomic_store(&s->steps, count);
	atomic_store(&s->step_us, (long long)(1e6 * step_s * count));
	atomic_store(&s->data_us, (long long)(1e6 * data_s * count));
	atomic_store(&s->wait_us, (long long)(1e6 * wait_s * count));
}

static void hear(void *w, int window, int rank, double data_s, double wait_s)
{
	char text[256];
	struct json *o;

	snprintf(text, sizeof(text),
		 "[{'window': %d, 'rank': %d, 'step': 5, 'step_s': 1.0, "
		 "'data_s': %g, 'wait_s': %g}]",
		 window, rank, data_s, wait_s);
	o = fake_json(text);
	watch_ledger.heard(w, 1, WIRE_LEDGER, o);
	json_free(o);
}

static void test_window(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	struct json *o;
	void *w;

	(void)state;
	x->options.ledger = 2;
	w = watch_ledger.begin(&x->attempt);
	steps(x, 0, 2, 1, 0, 0.5); /* the first steps do not count */
	watch_ledger.turn(w);
	steps(x, 0, 3, 1, 0, 0.5);
	watch_ledger.turn(w);
	steps(x, 0, 4, 1, 0, 0.5); /* no whole window yet */
	watch_ledger.turn(w);
	hear(w, 0, 1, 0.6, 0);
	hear(w, 0, 1, 0.6, 0); /* twice is once */
	hear(w, 0, 7, 0.6, 0); /* no rank of ours */
	assert_string_equal(fake_file(x, "ledger.jsonl"), "");
	steps(x, 0, 5, 1, 0, 0.5);
	watch_ledger.turn(w);
	o = fake_json(fake_file(x, "ledger.jsonl"));
	assert_int_equal(json_count(json_get(o, "ranks")), 2);
	assert_int_equal(json_int_or(o, "slow", -1), 1);
	assert_string_equal(json_text_or(o, "cause", ""), "data loading");
	assert_true(json_real_or(o, "costs_ms", 0) == 500);
	assert_true(json_real_or(json_at(json_get(o, "ranks"), 0), "wait_ms",
				 0) == 500);
	assert_string_equal(
		json_text_or(json_at(json_get(o, "ranks"), 1), "host", ""),
		"127.0.0.2");
	assert_int_equal(x->sent_count, 0);
	json_free(o);
	watch_ledger.end(w);
	fake_close(x);
}

/* A window that never became whole gives way; a late row of it is dropped. */
static void test_order(void **state)
{
	struct fake *x = fake_open(3, 1, 0);
	void *w;

	(void)state;
	x->options.ledger = 2;
	w = watch_ledger.begin(&x->attempt);
	hear(w, 0, 1, 0, 0);
	hear(w, 4, 1, 0, 0); /* in the place of window 0 */
	hear(w, 0, 2, 0, 0);
	hear(w, 0, 0, 0, 0);
	assert_string_equal(fake_file(x, "ledger.jsonl"), "");
	hear(w, 4, 0, 0, 0);
	hear(w, 4, 2, 0, 0);
	assert_non_null(strstr(fake_file(x, "ledger.jsonl"), "\"ranks\""));
	hear(w, -1, 2, 0, 0);
	watch_ledger.end(w);
	fake_close(x);
}

static void test_member(void **state)
{
	struct fake *x = fake_open(2, 2, 1);
	void *w;
	int at;

	(void)state;
	x->options.ledger = 2;
	w = watch_ledger.begin(&x->attempt);
	for (int i = 0; i < 2; i++)
		steps(x, i, 3, 1, 0, 0);
	watch_ledger.turn(w);
	steps(x, 0, 5, 1, 0.25, 0.125);
	watch_ledger.turn(w);
	at = fake_sent(x, 0, WIRE_LEDGER);
	assert_int_equal(at, 0);
	assert_int_equal(json_count(x->sent[at].o), 1);
	assert_int_equal(json_int_or(json_at(x->sent[at].o, 0), "rank", -1), 2);
	assert_true(json_real_or(json_at(x->sent[at].o, 0), "step_s", 0) == 1);
	hear(w, 0, 1, 0, 0); /* not this machine's to write */
	hear(w, 0, 2, 0, 0);
	assert_string_equal(fake_file(x, "ledger.jsonl"), "");
	watch_ledger.end(w);
	fake_close(x);
}

static void test_unwanted(void **state)
{
	struct launch_role roles[2] = { { .server = true } };
	struct fake *x = fake_open(1, 1, 0);

	(void)state;
	x->options.ledger = 2;
	assert_null(watch_ledger.begin(&x->attempt)); /* one rank */
	fake_close(x);
	x = fake_open(2, 1, 0);
	assert_null(watch_ledger.begin(&x->attempt)); /* not asked for */
	x->options.ledger = 2;
	x->plan.roles = roles;
	assert_null(watch_ledger.begin(&x->attempt)); /* servers wait */
	fake_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_window),
		cmocka_unit_test(test_order),
		cmocka_unit_test(test_member),
		cmocka_unit_test(test_unwanted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

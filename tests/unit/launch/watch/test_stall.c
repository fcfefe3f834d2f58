/* When nothing moves: who is told, who is named, who ends the job. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include "base/clock.h"

#include <signal.h>
#include <string.h>

#define STALL_S 0.02

static volatile sig_atomic_t stacks;

static void on_stack(int number)
{
	(void)number;
	stacks++;
}

/* fake_open with --stall: who stands still ends the job. */
static struct fake *open_looked_after(int machines, int each, int self)
{
	struct fake *x = fake_open(machines, each, self);

	x->options.stall = STALL_S;
	x->options.stall_policy = "abort";
	return x;
}

static void hear(void *w, int seat, const char *text)
{
	struct json *o = fake_json(text);

	watch_stall.heard(w, seat, WIRE_STALL, o);
	json_free(o);
}

/* The others wait in collective 7; this machine's rank is in none. */
static void stand_still(struct fake *x, void *w)
{
	x->pages[0].step = 12;
	strcpy(x->pages[0].phase, "data");
	watch_stall.turn(w); /* it has moved */
	assert_int_equal(x->sent_count, 0);
	fl_sleep_s(2 * STALL_S);
	watch_stall.turn(w);
}

static const char *const waits =
	"[{'rank': 1, 'device': 0, 'step': 12, 'phase': 'step', "
	"'collective': 7, 'inside': true, 'state': ''}]";

static void test_named(void **state)
{
	struct fake *x = open_looked_after(2, 1, 0);
	void *w;
	int at;

	(void)state;
	w = watch_stall.begin(&x->attempt);
	stand_still(x, w);
	at = fake_sent(x, 1, WIRE_STALL);
	assert_int_equal(at, 0);
	assert_string_equal(
		json_text_or(json_at(x->sent[at].o, 0), "phase", ""), "data");
	assert_int_equal(x->faults, 0); /* the other machine may move */
	hear(w, 1, waits);
	watch_stall.turn(w);
	assert_int_equal(x->faults, 1);
	assert_int_equal(fake_status(x), 8);
	assert_true(json_bool_or(x->fault, "final", false));
	assert_string_equal(fake_end(x),
			    "stands still: rank 0 (127.0.0.1, device 0) is in "
			    "'data' of step 12; 1 other waits in collective 7");
	assert_int_equal(stacks, 1); /* of the one, not of who waits */
	watch_stall.turn(w);	     /* once */
	assert_int_equal(x->faults, 1);
	assert_int_equal(x->sent_count, 1);
	watch_stall.end(w);
	fake_close(x);
}

/* All are in a collective: the earliest is waited for. */
static void test_earliest(void **state)
{
	struct fake *x = open_looked_after(2, 1, 0);
	void *w;

	(void)state;
	x->options.stall_policy = "restart";
	w = watch_stall.begin(&x->attempt);
	atomic_store(&x->pages[0].collective, 9);
	atomic_store(&x->pages[0].inside, 1);
	stand_still(x, w);
	hear(w, 1, waits);
	watch_stall.turn(w);
	assert_non_null(strstr(fake_end(x), "rank 1 (127.0.0.2, device 0)"));
	assert_non_null(strstr(fake_end(x), "1 other waits in collective 9"));
	assert_false(json_bool_or(x->fault, "final", true));
	watch_stall.end(w);
	fake_close(x);
}

/* One that moves again says so, and what stood still is forgotten. */
static void test_moves(void **state)
{
	struct fake *x = open_looked_after(2, 1, 0);
	void *w;

	(void)state;
	w = watch_stall.begin(&x->attempt);
	stand_still(x, w);
	atomic_fetch_add(&x->pages[0].beat, 1);
	watch_stall.turn(w);
	assert_int_equal(x->sent_count, 2);
	assert_int_equal(json_count(x->sent[1].o), 0);
	hear(w, 1, waits);
	watch_stall.turn(w);
	assert_int_equal(x->faults, 0);
	watch_stall.end(w);
	fake_close(x);
}

/* After a pause all of the time begins anew. */
static void test_again(void **state)
{
	struct fake *x = open_looked_after(2, 1, 0);
	void *w;

	(void)state;
	w = watch_stall.begin(&x->attempt);
	hear(w, 1, waits);
	fl_sleep_s(2 * STALL_S);
	watch_stall.again(w);
	watch_stall.turn(w);
	assert_int_equal(x->sent_count, 0);
	fl_sleep_s(2 * STALL_S);
	watch_stall.turn(w); /* the other one has not told since */
	assert_int_equal(x->sent_count, 1);
	assert_int_equal(x->faults, 0);
	watch_stall.end(w);
	fake_close(x);
}

/* All know the same; the first machine that is here acts. */
static void test_decides(void **state)
{
	struct fake *x = open_looked_after(2, 1, 1);
	void *w;

	(void)state;
	w = watch_stall.begin(&x->attempt);
	stand_still(x, w);
	hear(w, 0, waits);
	watch_stall.turn(w);
	assert_int_equal(x->faults, 0);
	watch_stall.end(w);
	x->away[0] = true;
	w = watch_stall.begin(&x->attempt);
	hear(w, 0, waits);
	fl_sleep_s(2 * STALL_S);
	watch_stall.turn(w);
	fl_sleep_s(2 * STALL_S);
	watch_stall.turn(w);
	assert_int_equal(x->faults, 1);
	watch_stall.end(w);
	fake_close(x);
}

/* Programs that tell nothing stand still for nobody; without --stall nobody
 * looks. */
static void test_silent(void **state)
{
	struct fake *x = fake_open(1, 1, 0);
	void *w;

	(void)state;
	assert_null(watch_stall.begin(&x->attempt));
	x->options.stall = STALL_S;
	x->options.stall_policy = "abort";
	x->trainers[0].speaks = false;
	w = watch_stall.begin(&x->attempt);
	fl_sleep_s(2 * STALL_S);
	watch_stall.turn(w);
	assert_int_equal(x->faults, 0);
	watch_stall.end(w);
	fake_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_named),	cmocka_unit_test(test_earliest),
		cmocka_unit_test(test_moves),	cmocka_unit_test(test_again),
		cmocka_unit_test(test_decides), cmocka_unit_test(test_silent),
	};

	signal(SIGUSR2, on_stack);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

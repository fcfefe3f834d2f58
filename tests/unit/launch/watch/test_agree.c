/* The agreement before the first step: who is told to go, who is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include <string.h>

#define DIGEST(rank, a, b)                                             \
	"{'event': 'digest', 'items': [{'name': 'recipe', 'text': '" a \
	"'}, {'name': 'weights', 'text': '" b "'}], 'rank': " #rank "}"

static void say(void *w, struct fake *x, int local, const char *text)
{
	struct json *o = fake_json(text);

	watch_agree.said(w, &x->trainers[local], AGENT_DIGEST, o);
	json_free(o);
}

static void hear(void *w, int seat, const char *text)
{
	struct json *o = fake_json(text);

	watch_agree.heard(w, seat, WIRE_DIGEST, o);
	json_free(o);
}

static void test_same(void **state)
{
	struct fake *x = fake_open(2, 2, 0);
	void *w = watch_agree.begin(&x->attempt);

	(void)state;
	x->trainers[1].speaks = false;	      /* it is told nothing */
	say(w, x, 0, DIGEST(9, "a: 1", "z")); /* its agent knows its rank */
	say(w, x, 1, DIGEST(9, "a: 1", "z"));
	hear(w, 1, DIGEST(2, "a: 1", "z"));
	hear(w, 1, DIGEST(2, "a: 1", "z")); /* again: still one is missing */
	hear(w, 1, DIGEST(4, "a: 1", "z")); /* no rank of ours */
	hear(w, 1, DIGEST(-1, "a: 1", "z"));
	assert_int_equal(x->sent_count, 0);
	hear(w, 1, DIGEST(3, "a: 1", "z"));
	assert_int_equal(x->sent_count, 1);
	assert_int_equal(fake_sent(x, 1, WIRE_GO), 0);
	assert_null(x->sent[0].o);
	assert_string_equal(fake_told(x, 0), "{\"event\":\"go\"}");
	assert_string_equal(fake_told(x, 1), "");
	assert_int_equal(x->faults, 0);
	watch_agree.end(w);
	fake_close(x);
}

/* Whoever is heard of first, the lower rank stands first, with its line. */
static void test_differs(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	void *w = watch_agree.begin(&x->attempt);

	(void)state;
	hear(w, 1, DIGEST(1, "a: 1", "other"));
	say(w, x, 0, DIGEST(0, "a: 1", "own"));
	assert_int_equal(x->faults, 1);
	assert_int_equal(fake_status(x), 7);
	assert_string_equal(json_text_or(x->fault, "host", ""), "127.0.0.2");
	assert_string_equal(
		fake_end(x),
		"disagrees about the weights before the first step:\n"
		"  rank 0    127.0.0.1          own\n"
		"  rank 1    127.0.0.2          other");
	assert_int_equal(x->sent_count, 0);
	watch_agree.end(w);
	fake_close(x);
}

/* An item more is a difference too. */
static void test_more(void **state)
{
	struct fake *x = fake_open(2, 1, 0);
	void *w = watch_agree.begin(&x->attempt);

	(void)state;
	say(w, x, 0, "{'event': 'digest', 'items': []}");
	hear(w, 1, DIGEST(1, "a: 1", ""));
	assert_int_equal(fake_status(x), 7);
	assert_non_null(strstr(fake_end(x), "(nothing)"));
	watch_agree.end(w);
	fake_close(x);
}

/* Another machine than the first only passes on. */
static void test_member(void **state)
{
	struct fake *x = fake_open(2, 1, 1);
	void *w = watch_agree.begin(&x->attempt);
	int at;

	(void)state;
	say(w, x, 0, DIGEST(0, "a: 1", "z"));
	at = fake_sent(x, 0, WIRE_DIGEST);
	assert_int_equal(at, 0);
	assert_int_equal(json_int_or(x->sent[at].o, "rank", -1), 1);
	assert_int_equal(json_count(json_get(x->sent[at].o, "items")), 2);
	assert_string_equal(fake_told(x, 0), "");
	watch_agree.heard(w, 0, WIRE_GO, NULL);
	assert_string_equal(fake_told(x, 0), "{\"event\":\"go\"}");
	watch_agree.end(w);
	fake_close(x);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_same),
		cmocka_unit_test(test_differs),
		cmocka_unit_test(test_more),
		cmocka_unit_test(test_member),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* Which rank is named, and why. Rows are seconds a step. */
#include "launch/measure/straggler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define ROWS(r) r, (int)(sizeof(r) / sizeof((r)[0]))

static struct straggler find(const struct straggler_row *rows, int count)
{
	struct straggler s;

	straggler_find(rows, count, true, &s);
	return s;
}

/* A rank that computes all the time but for what it waits. */
#define BUSY(step_, data_, wait_)                                      \
	{                                                              \
		step_, data_, wait_, (step_) - (data_) - (wait_), 0, 0 \
	}

static void test_nobody(void **state)
{
	struct straggler_row even[] = { BUSY(1, .01, .05), BUSY(1, .02, .1),
					BUSY(1, .01, .02) };
	struct straggler_row one[] = { BUSY(1, .9, 0) };

	(void)state;
	assert_int_equal(find(ROWS(even)).cause, STRAGGLER_NONE);
	assert_int_equal(find(ROWS(one)).cause, STRAGGLER_NONE);
	assert_int_equal(find(even, 0).cause, STRAGGLER_NONE);
}

static void test_data(void **state)
{
	struct straggler_row r[] = { BUSY(1, .01, .5), BUSY(1, .5, .02),
				     BUSY(1, .02, .48) };
	struct straggler s = find(ROWS(r));

	(void)state;
	assert_int_equal(s.cause, STRAGGLER_DATA);
	assert_int_equal(s.which, 1);
	assert_true(s.costs > .4 && s.costs < .5);
	assert_true(s.has > .49 && s.others < .02);
}

/* The same slow rank, by what the system tells of its time. */
static void test_compute(void **state)
{
	struct straggler_row r[] = { BUSY(1, 0, .5), BUSY(1, 0, .5),
				     BUSY(1, 0, .5), BUSY(1, 0, .02) };

	(void)state;
	assert_int_equal(find(ROWS(r)).cause, STRAGGLER_COMPUTE);
	assert_int_equal(find(ROWS(r)).which, 3);
	r[3].on_core = .5;
	r[3].for_core = .48;
	assert_int_equal(find(ROWS(r)).cause, STRAGGLER_SHARED);
	r[3].for_core = 0;
	assert_int_equal(find(ROWS(r)).cause, STRAGGLER_STANDS);
	r[3].throttled = .45;
	assert_int_equal(find(ROWS(r)).cause, STRAGGLER_THROTTLED);
}

/* Who waits may wait for a core too: that explains nothing. */
static void test_waiters_do_not_count(void **state)
{
	struct straggler_row r[] = { BUSY(1, 0, .8), BUSY(1, 0, .02) };
	struct straggler s;

	(void)state;
	r[0].for_core = .7;
	s = find(ROWS(r));
	assert_int_equal(s.which, 1);
	assert_int_equal(s.cause, STRAGGLER_COMPUTE);
}

static void test_two_of_four(void **state)
{
	struct straggler_row r[] = { BUSY(1, 0, .5), BUSY(1, 0, .05),
				     BUSY(1, 0, .5), BUSY(1, 0, .02) };

	(void)state;
	assert_int_equal(find(ROWS(r)).which, 3);
}

static void test_all_alike(void **state)
{
	struct straggler_row net[] = { BUSY(1, 0, .6), BUSY(1, 0, .55),
				       BUSY(1, .01, .62) };
	struct straggler_row data[] = { BUSY(1, .6, .05), BUSY(1, .55, .1) };
	struct straggler_row cores[] = { BUSY(1, 0, .05), BUSY(1, 0, .1) };
	struct straggler s = find(ROWS(net));

	(void)state;
	assert_int_equal(s.cause, STRAGGLER_NETWORK);
	assert_int_equal(s.which, -1);
	assert_true(s.has > .54 && s.has < .56);
	straggler_find(ROWS(net), false, &s);
	assert_int_equal(s.cause, STRAGGLER_NONE);
	assert_int_equal(find(ROWS(data)).cause, STRAGGLER_DATA);
	assert_int_equal(find(ROWS(data)).which, -1);
	cores[0].for_core = cores[1].for_core = .5;
	assert_int_equal(find(ROWS(cores)).cause, STRAGGLER_SHARED);
}

static void test_words(void **state)
{
	struct straggler s = { STRAGGLER_DATA, 1, .4, .5, .01 };
	struct fl_str text = FL_STR_INIT;

	(void)state;
	straggler_explain(&s, &text);
	assert_string_equal(
		fl_str_get(&text),
		"it waits for its images (disk, or too few cores for "
		"worker_num): 500.0 ms a step, others 10.0 ms");
	fl_str_release(&text);
	assert_string_equal(straggler_word(STRAGGLER_NETWORK), "network");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_nobody),
		cmocka_unit_test(test_data),
		cmocka_unit_test(test_compute),
		cmocka_unit_test(test_waiters_do_not_count),
		cmocka_unit_test(test_two_of_four),
		cmocka_unit_test(test_all_alike),
		cmocka_unit_test(test_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

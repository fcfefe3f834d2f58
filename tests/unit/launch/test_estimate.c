/* The arithmetic of the preflight: clocks, rates, pairs, forecasts, and what is said. */
#include "launch/measure/findings.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define assert_near(x, want, most) assert_true(fabs((x) - (want)) <= (most))

/* The other clock is 5 s ahead; the ways there and back take different times. */
static void test_clock(void **state)
{
	const int64_t s = 1000000000, ms = 1000000;
	const struct clock_sample samples[] = {
		{ 0, 5 * s + 9 * ms, 10 * ms },		   /* 9 there, 1 back */
		{ 1 * s, 6 * s + 1 * ms, 1 * s + 3 * ms }, /* 1 there, 2 back */
		{ 2 * s, 7 * s + 20 * ms, 2 * s + 21 * ms },
		{ 3 * s, 9 * s, 3 * s - ms }, /* our clock was set back */
	};
	struct clock_estimate e = estimate_clock(samples, 4);

	(void)state;
	assert_near(e.error, 0.0015, 1e-9); /* half of the quickest trip */
	assert_near(e.offset, 5 - 0.0005, 1e-9);
	assert_true(fabs(e.offset - 5) <= e.error);
	e = estimate_clock(samples, 0);
	assert_true(e.offset == 0 && e.error == 0);
}

static void test_median(void **state)
{
	double odd[] = { 9, 1, 5 }, even[] = { 4, 1, 3, 2 }, one[] = { 7 };

	(void)state;
	assert_near(estimate_median(odd, 3), 5, 0);
	assert_near(estimate_median(even, 4), 2.5, 0);
	assert_near(estimate_median(one, 1), 7, 0);
	assert_near(estimate_median(one, 0), 0, 0);
}

/* 1 MB in the first 10 ms (a burst), then 100 bytes a ms, with a pause. */
static void test_rate(void **state)
{
	struct rate_meter m = { .warm_s = 0.01, .slice_s = 0.005 };
	struct rate_meter none = { .warm_s = 0.01, .slice_s = 0.005 };
	double t = 10;

	(void)state;
	for (int i = 0; i < 10; i++, t += 0.001)
		rate_add(&m, t, 100000);
	for (int i = 0; i < 200; i++, t += 0.001)
		rate_add(&m, t + (i > 100 ? 0.5 : 0), 100);
	assert_near(rate_of(&m), 800000, 8000);
	assert_near(rate_of(&none), 0, 0);
	rate_add(&none, 1, 500); /* one piece tells no rate */
	assert_near(rate_of(&none), 0, 0);
}

/* More slices than there is room for. */
static void test_rate_long(void **state)
{
	struct rate_meter m = { .warm_s = 0, .slice_s = 0.001 };

	(void)state;
	for (int i = 0; i < 10 * RATE_SLICES; i++)
		rate_add(&m, i * 0.002, 1000);
	assert_int_equal(m.count, RATE_SLICES);
	assert_near(rate_of(&m), 4e6, 1);
}

static void check_pairs(int machines, bool all, int want)
{
	struct pair *list;
	int n = pairs_make(machines, all, &list), neighbours = 0;

	assert_int_equal(n, want);
	for (int i = 0; i < n; i++) {
		const struct pair *x = &list[i];

		assert_true(0 <= x->a && x->a < x->b && x->b < machines);
		neighbours += !x->latency_only &&
			      (x->b - x->a == 1 || x->b - x->a == machines - 1);
		for (int k = 0; k < i; k++) {
			const struct pair *y = &list[k];

			assert_false(x->a == y->a && x->b == y->b);
			if (x->round == y->round)
				assert_true(x->a != y->a && x->a != y->b &&
					    x->b != y->a && x->b != y->b);
		}
	}
	assert_int_equal(neighbours, machines == 2 ? 1 : machines);
	free(list);
}

static void test_pairs(void **state)
{
	struct pair *list;

	(void)state;
	for (int n = 2; n < 20; n++)
		check_pairs(n, true, n * (n - 1) / 2);
	for (int n = 4; n < 20; n++) /* the ring, the rest with machine 0 */
		check_pairs(n, false, n + n - 3);
	check_pairs(2, false, 1);
	check_pairs(3, false, 3);
	assert_int_equal(pairs_make(1, true, &list), 0);
	free(list);
}

static void test_forecast(void **state)
{
	struct forecast_input in = { .ranks = 4,
				     .gradient_bytes = 100e6,
				     .rate = 1e9,
				     .round_trip = 0.001,
				     .sums = 10,
				     .compute_s = 10 };
	struct forecast f = forecast_step(&in);

	(void)state;
	/* 2 * 3/4 * 0.8 s, and six turns of half a round trip */
	assert_near(f.all_reduce_s, 1.203, 1e-9);
	assert_near(f.sums_s, 10 * 0.001, 1e-9);
	assert_int_equal(f.kind, FORECAST_HIDDEN);
	assert_near(f.share, 0.1213, 1e-9);
	assert_near(f.step_s, 10.01, 1e-9);
	assert_near(f.efficiency, 10 / 10.01, 1e-9);
	in.compute_s = 1.5; /* backward takes 1 s of it */
	f = forecast_step(&in);
	assert_int_equal(f.kind, FORECAST_PARTLY);
	assert_near(f.step_s, 1.5 + 0.01 + 0.203, 1e-9);
	in.compute_s = 0.3;
	f = forecast_step(&in);
	assert_int_equal(f.kind, FORECAST_LIMIT);
	assert_near(f.step_s, 0.3 + 0.01 + 1.203 - 0.2, 1e-9);
	in.ranks = 2; /* they just exchange: everything once, in one turn */
	assert_near(forecast_all_reduce(&in, 100e6), 0.8005, 1e-9);
	in.ranks = 1;
	assert_near(forecast_all_reduce(&in, 100e6), 0, 0);
}

/* --- sentences --- */

static struct findings_machine machines[3];
static struct findings_pair pairs[3];

static struct findings make(void)
{
	static const char *const names[] = { "one", "two", "three" };
	struct room room = { (int64_t)1 << 40, (int64_t)1 << 33, 65536 };
	int n = 0;

	for (int i = 0; i < 3; i++)
		machines[i] = (struct findings_machine){ names[i], room,
							 room_need_of(3, 6, 2),
							 false };
	for (int a = 0; a < 3; a++)
		for (int b = a + 1; b < 3; b++)
			pairs[n++] = (struct findings_pair){
				.pair = { a, b, 0, false },
				.measured = true,
				.round_trip = 50e-6,
				.round_trip_least = 40e-6,
				.offset_error = 20e-6,
				.there = 9.4e9,
				.back = 9.5e9
			};
	return (struct findings){ machines, pairs, 3, 3, 0.4, "log" };
}

static bool warned(const struct findings *p, const char *text)
{
	struct fl_str out = FL_STR_INIT;
	bool found;

	findings_warnings(p, &out);
	found = strstr(fl_str_get(&out), text) != NULL;
	fl_str_release(&out);
	return found;
}

static void test_good(void **state)
{
	struct findings p = make();
	struct fl_str out = FL_STR_INIT;

	(void)state;
	assert_int_equal(findings_warnings(&p, &out), 0);
	assert_string_equal(fl_str_get(&out), "");
	assert_int_equal(findings_failures(&p), 0);
	findings_summary(&p, &out);
	assert_string_equal(
		fl_str_get(&out),
		"preflight of 0.4 s: 3 links measured: round trip 50 to 50 us, "
		"clocks within 0.02 ms, 9.4 to 9.5 Gbit/s");
	fl_str_release(&out);
}

static void test_bad_links(void **state)
{
	struct findings p = make();
	const struct findings_pair *slowest;
	struct forecast_input in = { .ranks = 3 };

	(void)state;
	pairs[1].there = 0.094e9; /* from three to one */
	assert_true(warned(&p, "the link from three to one carries 0.094"));
	assert_false(warned(&p, "from one to three"));
	assert_false(warned(&p, "from one to two"));
	assert_true(findings_ring(&p, &in, &slowest));
	assert_ptr_equal(slowest, &pairs[1]);
	assert_near(in.rate, 0.094e9, 1);
	pairs[2].round_trip = 0.04;
	assert_true(warned(&p, "a round trip between two and three takes 40"));
	pairs[0].offset = -37.2; /* the first one's clock minus the second's */
	assert_true(
		warned(&p, "the clock of two is 37.2 s ahead of that of one"));
	pairs[0].offset = 37.2;
	assert_true(warned(&p, "two is 37.2 s behind that of one"));
	pairs[0].offset_error = 40; /* it may as well be right */
	assert_false(warned(&p, "the clock of"));
	pairs[0].measured = false;
	strcpy(pairs[0].error, "two does not answer");
	assert_true(warned(&p, "the link of one and two could not be "
			       "measured: two does not answer"));
	assert_int_equal(findings_failures(&p), 1);
}

static void test_bad_room(void **state)
{
	struct findings p = make();

	(void)state;
	machines[1].room.disk = (int64_t)20 << 20;
	assert_true(warned(&p, "two: only 20 MiB of disk are free"));
	machines[2].room.shm = (int64_t)16 << 20;
	assert_true(warned(&p, "three: only 16 MiB of shared memory"));
	assert_true(warned(&p, "its trainers need about 32"));
	machines[0].room.files = 64;
	assert_true(warned(&p, "one: a process may have 64 files open"));
	assert_true(warned(&p, "ulimit -n 4096"));
	machines[0].room = (struct room){ -1, -1, -1 }; /* unknown, no limit */
	assert_false(warned(&p, "one:"));
}

static bool forecast_says(double compute_s, double step_s, const char *text)
{
	struct findings p = make();
	struct forecast_input in = { .ranks = 6,
				     .gradient_bytes = 31.5e6,
				     .rate = 9.4e9,
				     .round_trip = 50e-6,
				     .compute_s = compute_s };
	struct forecast f = forecast_step(&in);
	struct fl_str out = FL_STR_INIT;
	bool found;

	findings_forecast(&p, &in, &f, step_s, &out);
	found = strstr(fl_str_get(&out), text) != NULL;
	if (!found)
		print_message("%s\n", fl_str_get(&out));
	fl_str_release(&out);
	return found;
}

static void test_forecast_text(void **state)
{
	(void)state;
	assert_true(forecast_says(
		0.3, 0,
		"the all-reduce of 31.5 MB takes about 45 ms at 9.4 "
		"Gbit/s (slowest link one - two), and a step computes "
		"300 ms: communication 15 %, hidden behind the "
		"backward pass; expected step 300 ms, 100 %"));
	assert_true(forecast_says(0.06, 0, "communication 75 %, a part of it"));
	assert_true(forecast_says(0.03, 0, "the network will be the limit: "));
	assert_true(forecast_says(0.03, 0, "communication 150 %; expected"));
	assert_true(forecast_says(0.003, 0, "communication 15 times that; "));
	assert_true(forecast_says(0.3, 0.32, "(the first steps took 320 ms)"));
}

static void test_json(void **state)
{
	struct findings p = make();
	struct json *o;
	double v = 0;
	const char *text = "";

	(void)state;
	pairs[1].measured = false;
	strcpy(pairs[1].error, "three does not answer");
	pairs[0].offset = 0.5;
	o = findings_write(&p, 6);
	assert_int_equal(json_int_or(o, "status", 0), 6);
	assert_int_equal(json_count(json_get(o, "pairs")), 3);
	assert_int_equal(json_count(json_get(o, "machines")), 3);
	assert_int_equal(json_count(json_get(o, "warnings")), 1);
	assert_true(json_real_of(json_get(json_at(json_get(o, "pairs"), 0),
					  "clock_b_minus_a_ms"),
				 &v));
	assert_near(v, -500, 1e-6);
	assert_true(json_real_of(
		json_get(json_at(json_get(o, "pairs"), 0), "a_to_b_gbit_per_s"),
		&v));
	assert_near(v, 9.5, 1e-6);
	assert_true(json_text(
		json_get(json_at(json_get(o, "pairs"), 1), "error"), &text));
	assert_string_equal(text, "three does not answer");
	json_free(o);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock),
		cmocka_unit_test(test_median),
		cmocka_unit_test(test_rate),
		cmocka_unit_test(test_rate_long),
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_forecast),
		cmocka_unit_test(test_good),
		cmocka_unit_test(test_bad_links),
		cmocka_unit_test(test_bad_room),
		cmocka_unit_test(test_forecast_text),
		cmocka_unit_test(test_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

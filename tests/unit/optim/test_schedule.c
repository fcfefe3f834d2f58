/* Learning rates against the reference's (oracle/golden/tables/schedules.json;
 * a few rows are repeated here), and the average of the weights against its
 * definition. */
#include "optim/optim.h"
#include "optim/schedule.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct schedule_options cosine(double base, int max_epochs, double warm)
{
	struct schedule_options r = { .base_lr = base, .count = 2 };

	r.list[0] = (struct schedule){ .kind = SCHEDULE_COSINE,
				       .max_epochs = max_epochs,
				       .use_warmup = true };
	r.list[1] = (struct schedule){ .kind = SCHEDULE_LINEAR_WARMUP,
				       .epochs = warm };
	return r;
}

static void test_cosine_with_warmup(void **state)
{
	struct schedule_options r = cosine(0.01, 360, 5);
	const int64_t e = 1832; /* steps of COCO over 8 ranks of 8 */
	const double pi = 3.14159265358979323846;

	(void)state;
	assert_true(schedule_lr(&r, e, 0) == 0);
	assert_true(fabs(schedule_lr(&r, e, e) - 0.01 / 5) < 1e-15);
	assert_true(fabs(schedule_lr(&r, e, 5 * e) - 0.01) < 1e-15);
	/* the last step of 300 epochs: not at the end of the cosine */
	assert_true(fabs(schedule_lr(&r, e, 300 * e - 1) -
			 0.005 * (cos(pi * (double)(295 * e - 1) /
				      (double)(355 * e)) +
				  1)) < 1e-12);
	assert_true(schedule_lr(&r, e, 300 * e - 1) > 0.0006);
	assert_true(schedule_lr(&r, e, 400 * e) ==
		    schedule_lr(&r, e, 360 * e - 1));
}

static struct schedule_options of_rule(enum batch_rule rule, double warm)
{
	struct schedule_options r = cosine(0.01, 360, warm);

	r.base_batch = 64;
	r.batch_rule = rule;
	return r;
}

/* Four ranks of 64 images a step, where the recipe was made for 64. */
static void test_batch_rules(void **state)
{
	static const struct {
		enum batch_rule rule;
		const char *says;
		int batch;
		double lr, warm;
	} cases[] = {
		{ BATCH_RULE_KEEP, "it stays (linear would make it 0.04)", 64,
		  0.01, 5 },
		{ BATCH_RULE_LINEAR,
		  "linear: 0.04, warm-up 20 epochs instead of 5", 64, 0.04,
		  20 },
		{ BATCH_RULE_SQRT, "sqrt: 0.02, warm-up 20 epochs instead of 5",
		  64, 0.02, 20 },
		{ BATCH_RULE_LINEAR,
		  "this job has 16 (4 ranks of 4); batch_rule linear: 0.0025",
		  4, 0.0025, 5 },
		{ BATCH_RULE_SQRT, "batch_rule sqrt: 0.005", 4, 0.005, 5 },
		{ BATCH_RULE_LINEAR,
		  "64 images a step, this job has 64 (4 ranks of 16); "
		  "batch_rule linear: it stays",
		  16, 0.01, 5 },
		/* no more than a fifth of 300 epochs */
		{ BATCH_RULE_LINEAR,
		  "linear: 0.32, warm-up 60 epochs instead of 5", 512, 0.32,
		  60 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		struct schedule_options r = of_rule(cases[i].rule, 5);
		char line[SCHEDULE_LINE];

		schedule_fit(&r, cases[i].batch, 4, 300, line);
		assert_true(fabs(r.base_lr - cases[i].lr) < 1e-15);
		assert_true(r.list[1].epochs == cases[i].warm);
		if (!strstr(line, cases[i].says))
			fail_msg("'%s' does not say '%s'", line, cases[i].says);
	}
}

/* A warm-up counted in steps has its number of steps whatever the batch; one
 * that is longer than a fifth of the run is not cut. */
static void test_batch_rule_and_warmup(void **state)
{
	struct schedule_options r = of_rule(BATCH_RULE_LINEAR, -1);
	char line[SCHEDULE_LINE];

	(void)state;
	r.list[1].steps = 100;
	schedule_fit(&r, 64, 4, 300, line);
	assert_int_equal(r.list[1].steps, 100);
	assert_null(strstr(line, "warm-up"));
	r = of_rule(BATCH_RULE_LINEAR, 80);
	schedule_fit(&r, 64, 4, 300, line);
	assert_true(r.list[1].epochs == 80);
}

static void test_warmup_in_steps(void **state)
{
	struct schedule_options r = cosine(1, 10, -1);

	(void)state;
	r.list[1].steps = 100;
	r.list[1].start_factor = 0.1;
	assert_true(fabs(schedule_lr(&r, 50, 50) - 0.55) < 1e-12);
	r.list[0].use_warmup = false;
	assert_true(schedule_lr(&r, 50, 0) == 1);
}

static void test_piecewise(void **state)
{
	struct schedule_options r = { .base_lr = 1, .count = 1 };

	(void)state;
	r.list[0] = (struct schedule){ .kind = SCHEDULE_PIECEWISE,
				       .milestones = { 2, 4 },
				       .milestone_count = 2,
				       .gamma = { 0.5, 0.05, 0.005 },
				       .gamma_count = 2 };
	assert_true(schedule_lr(&r, 10, 19) == 1);
	assert_true(schedule_lr(&r, 10, 20) == 0.5);
	assert_true(schedule_lr(&r, 10, 39) == 0.5);
	assert_true(schedule_lr(&r, 10, 40) == 0.05);
	/* as Paddle's: of a factor too few or too many the last one ends */
	r.list[0].gamma_count = 1;
	assert_true(schedule_lr(&r, 10, 40) == 0.5);
	r.list[0].gamma_count = 3;
	assert_true(schedule_lr(&r, 10, 20) == 0.5);
	assert_true(schedule_lr(&r, 10, 40) == 0.005);
	r.list[0].gamma_count = 0;
	assert_true(schedule_lr(&r, 10, 40) == 1);
}

/* (t / W)^power from 0, with no factor to start from. */
static void test_exponential_warmup(void **state)
{
	struct schedule_options r = cosine(1, 10, -1);

	(void)state;
	r.list[1].kind = SCHEDULE_EXP_WARMUP;
	r.list[1].steps = 100;
	r.list[1].start_factor = 1.0 / 3;
	r.list[1].power = 2;
	assert_true(schedule_lr(&r, 50, 0) == 0);
	assert_true(fabs(schedule_lr(&r, 50, 50) - 0.25) < 1e-12);
	assert_true(fabs(schedule_lr(&r, 50, 99) - 0.9801) < 1e-12);
}

/* After one update the divided average is the weight itself. */
static void test_average(void **state)
{
	struct optim_options r = { .ema_decay = 0.9998,
				   .ema_type = EMA_THRESHOLD };
	struct ema_state s = { .step = 1, .last_decay = 0.1 };

	(void)state;
	assert_true(fabs(ema_divisor(&r, &s) - 0.9) < 1e-15);
	s = (struct ema_state){ 0 };
	assert_true(ema_divisor(&r, &s) == 1);
	s = (struct ema_state){ .step = 50000, .last_decay = 0.9998 };
	assert_true(fabs(ema_divisor(&r, &s) - (1 - pow(0.9998, 50000))) <
		    1e-12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cosine_with_warmup),
		cmocka_unit_test(test_warmup_in_steps),
		cmocka_unit_test(test_batch_rules),
		cmocka_unit_test(test_batch_rule_and_warmup),
		cmocka_unit_test(test_piecewise),
		cmocka_unit_test(test_exponential_warmup),
		cmocka_unit_test(test_average),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

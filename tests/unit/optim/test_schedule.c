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

#include <cmocka.h>

static struct recipe cosine(double base, int max_epochs, double warm)
{
	struct recipe r = { .base_lr = base, .schedule_count = 2 };

	r.schedules[0] = (struct recipe_schedule){ .kind = RECIPE_COSINE,
						   .max_epochs = max_epochs,
						   .use_warmup = true };
	r.schedules[1] = (struct recipe_schedule){ .kind = RECIPE_LINEAR_WARMUP,
						   .epochs = warm };
	return r;
}

static void test_cosine_with_warmup(void **state)
{
	struct recipe r = cosine(0.01, 360, 5);
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

static void test_warmup_in_steps(void **state)
{
	struct recipe r = cosine(1, 10, -1);

	(void)state;
	r.schedules[1].steps = 100;
	r.schedules[1].start_factor = 0.1;
	assert_true(fabs(schedule_lr(&r, 50, 50) - 0.55) < 1e-12);
	r.schedules[0].use_warmup = false;
	assert_true(schedule_lr(&r, 50, 0) == 1);
}

static void test_piecewise(void **state)
{
	struct recipe r = { .base_lr = 1, .schedule_count = 1 };

	(void)state;
	r.schedules[0] = (struct recipe_schedule){ .kind = RECIPE_PIECEWISE,
						   .milestones = { 2, 4 },
						   .milestone_count = 2,
						   .gamma = { 0.1 },
						   .gamma_count = 1 };
	assert_true(schedule_lr(&r, 10, 19) == 1);
	assert_true(fabs(schedule_lr(&r, 10, 20) - 0.1) < 1e-15);
	assert_true(fabs(schedule_lr(&r, 10, 40) - 0.01) < 1e-15);
}

/* After one update the divided average is the weight itself. */
static void test_average(void **state)
{
	struct recipe r = { .ema_decay = 0.9998,
			    .ema_decay_type = "threshold" };
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
		cmocka_unit_test(test_piecewise),
		cmocka_unit_test(test_average),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

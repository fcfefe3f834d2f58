/* Scores that a float can hardly hold: the task-aligned assigner still takes
 * the points that overlap their box most. With denormals flushed, as our
 * threads run, all metrics here would be 0 and the first points would do. */
#include "base/par.h"
#include "device/cpu/cpu.h"
#include "loss/loss.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#define POINTS (4 + 16 + 64)
#define COARSE (4 + 16)

static void test_tiny_scores(void **state)
{
	static const float box[4] = { 0, 0, 64, 64 };
	static const int label = 0, count = 1;
	static float cls[POINTS], reg[POINTS * 4 * LOSS_BINS];
	static float dcls[POINTS], dreg[POINTS * 4 * LOSS_BINS];
	struct loss_input in = { .n = 1,
				 .classes = 1,
				 .most = 1,
				 .boxes = box,
				 .labels = &label,
				 .counts = &count };
	struct recipe recipe = { .static_assigner_epoch = 0,
				 .num_classes = 1,
				 .atss_topk = 9,
				 .tal_topk = 13,
				 .tal_alpha = 1,
				 .tal_beta = 6 };
	struct fl_err err = FL_ERR_INIT;
	struct loss *loss;
	double sum;
	int fine = 0;

	(void)state;
	for (int i = 0; i < POINTS; i++)
		cls[i] = -86; /* a sigmoid of 4e-38 */
	for (int i = 0, at = 0; i < LOSS_LEVELS; i++) {
		int side = 2 << i;

		in.levels[i] = (struct loss_level){
			side,
			side,
			64 / side,
			cls + at,
			reg + (ptrdiff_t)at * 4 * LOSS_BINS,
			dcls + at,
			dreg + (ptrdiff_t)at * 4 * LOSS_BINS
		};
		at += side * side;
	}
	assert_int_equal(
		loss_open(&recipe, &cpu_device, 1, POINTS, &loss, &err), 0);
	assert_int_equal(loss_assign(loss, &in, 0, &sum, &err), 0);
	for (int p = 0; p < POINTS; p++) {
		if (p < COARSE)
			assert_int_equal(loss_assigned_box(loss, 0, p), -1);
		else
			fine += loss_assigned_box(loss, 0, p) == 0;
	}
	assert_int_equal(fine, 13);
	loss_close(loss);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		test_tiny_scores) };

	fl_par_init(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

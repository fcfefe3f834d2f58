/* Scores that a float can hardly hold: the task-aligned assigner still takes
 * the points that overlap their box most. With denormals flushed, as our
 * threads run, all metrics here would be 0 and the first points would do. */
#include "base/par.h"
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
	struct loss_input in = { .levels = 3,
				 .n = 1,
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
	struct dev *dev;
	double sum;
	int fine = 0;

	(void)state;
	for (int i = 0; i < POINTS; i++)
		cls[i] = -86; /* a sigmoid of 4e-38 */
	for (int i = 0, at = 0; i < in.levels; i++) {
		int side = 2 << i;

		in.maps[i] = (struct head_map){
			64 / side,
			tensor_make(cls + at, DTYPE_F32, 1, side, side, 1),
			tensor_make(reg + (ptrdiff_t)at * 4 * LOSS_BINS,
				    DTYPE_F32, 1, side, side, 4 * LOSS_BINS),
			tensor_make(dcls + at, DTYPE_F32, 1, side, side, 1),
			tensor_make(dreg + (ptrdiff_t)at * 4 * LOSS_BINS,
				    DTYPE_F32, 1, side, side, 4 * LOSS_BINS)
		};
		at += side * side;
	}
	assert_int_equal(device_open("cpu", &dev, &err), 0);
	assert_int_equal(loss_open(&recipe, dev, 1, POINTS, &loss, &err), 0);
	assert_int_equal(loss_assign(loss, dev_queue(dev, DEV_COMPUTE), &in, 0,
				     &sum, &err),
			 0);
	for (int p = 0; p < POINTS; p++) {
		if (p < COARSE)
			assert_int_equal(loss_assigned_box(loss, 0, p), -1);
		else
			fine += loss_assigned_box(loss, 0, p) == 0;
	}
	assert_int_equal(fine, 13);
	loss_close(loss);
	device_close(dev);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		test_tiny_scores) };

	fl_par_init(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

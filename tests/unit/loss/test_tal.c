/* Scores that a float can hardly hold: the task-aligned assigner still takes
 * the points that overlap their box most. With denormals flushed, as our
 * threads run, all metrics here would be 0 and the first points would do. */
#include "base/par.h"
#include "loss/assign.h"

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
	static const struct assign_options options = { .tal_topk = 13,
						       .tal_alpha = 1,
						       .tal_beta = 6 };
	static const float box[4] = { 0, 0, 64, 64 };
	static const int label = 0, count = 1;
	static float cls[POINTS];
	struct loss_input in = { .levels = 3,
				 .n = 1,
				 .classes = 1,
				 .most = 1,
				 .boxes = box,
				 .labels = &label,
				 .counts = &count };
	struct assignment a;
	int fine = 0;

	(void)state;
	for (int i = 0; i < POINTS; i++)
		cls[i] = -86; /* a sigmoid of 4e-38 */
	for (int i = 0, at = 0; i < in.levels; i++) {
		int side = 2 << i;

		in.maps[i] = (struct head_map){ .stride = 64 / side,
						.cls = tensor_make(
							cls + at, DTYPE_F32, 1,
							side, side, 1) };
		at += side * side;
	}
	assignment_open(&a, &options, 1, POINTS);
	assignment_begin(&a, &in);
	for (int i = 0; i < in.levels; i++)
		a.levels[i].cls = in.maps[i].cls.data;
	/* what a head without an opinion predicts: 8 strides to every side */
	for (int p = 0; p < POINTS; p++) {
		struct assign_point q = assign_point_at(&a, p);
		float side = 8 * q.stride;

		a.pred[4 * p] = q.x - side;
		a.pred[4 * p + 1] = q.y - side;
		a.pred[4 * p + 2] = q.x + side;
		a.pred[4 * p + 3] = q.y + side;
		a.box[p] = -1;
	}
	assign_tal(&a, 0);
	for (int p = 0; p < POINTS; p++) {
		if (p < COARSE)
			assert_int_equal(a.box[p], -1);
		else
			fine += a.box[p] == 0;
	}
	assert_int_equal(fine, 13);
	assignment_close(&a);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(
		test_tiny_scores) };

	fl_par_init(1);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* What boxes overlap by, where well formed and where not. */
#include "box/box.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static float iou(float a0, float a1, float a2, float a3, float b0, float b1,
		 float b2, float b3, float epsilon)
{
	float a[4] = { a0, a1, a2, a3 }, b[4] = { b0, b1, b2, b3 };

	return box_iou(a, b, epsilon);
}

static void test_iou(void **state)
{
	(void)state;
	assert_true(iou(0, 0, 2, 2, 1, 1, 3, 3, 0) == 1.0f / 7);
	assert_true(iou(1, 1, 3, 3, 0, 0, 2, 2, 0) == 1.0f / 7);
	assert_true(iou(0, 0, 4, 4, 1, 1, 3, 3, 0) == 0.25f); /* inside */
	assert_true(iou(0, 0, 4, 4, 0, 0, 4, 4, 0) == 1);
	assert_true(iou(0, 0, 1, 1, 0, 0, 1, 1, 1) == 0.5f); /* epsilon */
	assert_true(iou(0, 0, 2, 2, 2, 0, 4, 2, 0) == 0);    /* they touch */
	assert_true(iou(0, 0, 2, 2, 5, 5, 6, 6, 0) == 0);
}

/* What assigners compare with while a training goes wrong stays a number. */
static void test_iou_of_no_box(void **state)
{
	(void)state;
	assert_true(iou(0, 0, 4, 4, 3, 0, 1, 4, 1e-9f) == 0); /* inverted */
	assert_true(iou(0, 0, 4, 4, 3, 3, 1, 1, 1e-9f) == 0); /* twice */
	assert_true(iou(2, 2, 2, 2, 2, 2, 2, 2, 1e-9f) == 0); /* empty */
	assert_true(iou(0, 0, 4, 4, NAN, NAN, NAN, NAN, 1e-9f) == 0);
	assert_true(isnan(iou(2, 2, 2, 2, 2, 2, 2, 2, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_iou),
		cmocka_unit_test(test_iou_of_no_box),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

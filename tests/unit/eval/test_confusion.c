/* What is taken for what: pairs by overlap over all classes, boxes that need not be
 * found, pictures without any; and curves over recall and confidence of a few
 * hits that were counted by hand. */
#include "eval/confusion.h"
#include "eval/curve.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

enum {
	CUP,
	MUG,
	CLASSES
};
#define BOX(class_, x, w)                                    \
	{                                                    \
		.class = (class_), .box = {(x), 0, (w), 10 } \
	}

static void test_pairs(void **state)
{
	/* A mug called a cup with the larger overlap is a pair before the cup
	 * with the smaller one; the third stands where nothing is. */
	const struct confusion_box truths[] = { BOX(MUG, 0, 10),
						BOX(CUP, 100, 10) };
	const struct confusion_box said[] = { BOX(MUG, 3, 10), BOX(CUP, 1, 10),
					      BOX(CUP, 50, 10) };
	struct confusion c;
	struct confusion_image image;

	(void)state;
	confusion_init(&c, CLASSES);
	image = confusion_add(&c, truths, 2, said, 3);
	assert_int_equal(confusion_at(&c, MUG, CUP), 1);
	assert_int_equal(confusion_at(&c, CUP, CLASSES), 1);
	assert_int_equal(confusion_at(&c, CLASSES, MUG), 1);
	assert_int_equal(confusion_at(&c, CLASSES, CUP), 1);
	assert_int_equal(confusion_at(&c, MUG, MUG), 0);
	assert_int_equal(image.right, 0);
	assert_int_equal(image.said, 3);
	assert_int_equal(image.truths, 2);
	assert_true(confusion_f1(&image) == 0);
	confusion_release(&c);
}

static void test_overlap_of_half(void **state)
{
	/* 10 and 20 wide: an overlap of exactly one half is none */
	const struct confusion_box truth = BOX(CUP, 0, 10);
	const struct confusion_box half = BOX(CUP, 0, 20);
	const struct confusion_box more = BOX(CUP, 0, 19);
	struct confusion c;
	struct confusion_image image;

	(void)state;
	confusion_init(&c, CLASSES);
	image = confusion_add(&c, &truth, 1, &half, 1);
	assert_int_equal(image.right, 0);
	image = confusion_add(&c, &truth, 1, &more, 1);
	assert_int_equal(image.right, 1);
	assert_true(confusion_f1(&image) == 1);
	assert_int_equal(confusion_at(&c, CUP, CUP), 1);
	confusion_release(&c);
}

static void test_difficult(void **state)
{
	struct confusion_box truths[] = { BOX(CUP, 0, 10), BOX(MUG, 50, 10) };
	const struct confusion_box said = BOX(MUG, 0, 10);
	struct confusion c;
	struct confusion_image image;

	(void)state;
	truths[0].difficult = truths[1].difficult = true;
	confusion_init(&c, CLASSES);
	image = confusion_add(&c, truths, 2, &said, 1);
	for (int i = 0; i <= CLASSES; i++)
		for (int k = 0; k <= CLASSES; k++)
			assert_int_equal(confusion_at(&c, i, k), 0);
	assert_int_equal(image.said, 0);
	assert_int_equal(image.truths, 0);
	assert_true(isnan(confusion_f1(&image)));
	image = confusion_add(&c, NULL, 0, NULL, 0);
	assert_true(isnan(confusion_f1(&image)));
	confusion_release(&c);
}

static void test_curve(void **state)
{
	static const struct curve_hit hits[] = {
		{ 0.9, true }, { 0.8, false }, { 0.5, true }, { 0.5, false }
	};
	struct curve c;

	(void)state;
	curve_of(hits, 4, 4, &c);
	/* recall .25 at precision 1, .5 at 2/3, no more */
	assert_true(c.precision[0] == 1 && c.precision[25] == 1);
	assert_true(c.precision[26] == 2.0 / 3 && c.precision[50] == 2.0 / 3);
	assert_true(c.precision[51] == 0 && c.precision[100] == 0);
	assert_true(c.right[0] == 2 && c.wrong[0] == 2);
	assert_true(c.right[50] == 2 && c.wrong[50] == 2);
	assert_true(c.right[51] == 1 && c.wrong[51] == 1);
	assert_true(c.right[90] == 1 && c.wrong[90] == 0);
	assert_true(c.right[91] == 0 && c.wrong[91] == 0);
	assert_true(curve_precision(&c, 51) == 0.5);
	assert_true(curve_recall(&c, 51) == 0.25);
	assert_true(curve_f1(&c, 51) == 2.0 / 6);
	assert_true(isnan(curve_precision(&c, 91)));
	assert_true(curve_f1(&c, 91) == 0);
	curve_of(hits, 4, 0, &c);
	assert_true(c.precision[0] == 0 && isnan(curve_recall(&c, 0)));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_pairs),
		cmocka_unit_test(test_overlap_of_half),
		cmocka_unit_test(test_difficult),
		cmocka_unit_test(test_curve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

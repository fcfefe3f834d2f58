/* The recorded walk of a small PP-YOLOE with maps in BF16 beside the same in F32 on
 * ref, which test_step.c holds against the reference's own numbers.
 *
 * How far apart they may be is what BF16 makes of the case: in F32 the reference
 * itself is off by up to 2e-4 of a gradient's size (tests/golden/step), which is
 * 4000 times its rounding, and BF16 rounds 65536 times as much. So values of single
 * tensors say little here, and directions and lengths of everything together say
 * what a training feels; that each operation is right is for test_ops.c. Limits
 * are twice what was seen on ref and on cpu (docs/parity.md). */
#include "base/par.h"
#include "base/str.h"

#include "support/golden_step.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define CASE "tests/golden/step/micro"

static struct tensor_file wide;

/* All tensors of one prefix as one vector. */
struct apart {
	double distance;       /* in parts of the wide one's length */
	double cosine, length; /* of the narrow one, in parts as well */
};

static struct apart compare(const struct tensor_file *narrow,
			    const char *prefix)
{
	double xx = 0, yy = 0, xy = 0;
	size_t tensors = 0;

	for (size_t i = 0; i < wide.count; i++) {
		const struct named_tensor *a = &wide.tensors[i], *b;

		if (!fl_starts_with(a->name, prefix))
			continue;
		tensors++;
		b = tensor_file_find(narrow, a->name);
		assert_non_null(b);
		assert_int_equal(b->bytes, a->bytes);
		for (size_t k = 0; k < named_tensor_count(a); k++) {
			float x, y;

			named_tensor_f32(a, k, 1, &x);
			named_tensor_f32(b, k, 1, &y);
			assert_true(isfinite(y));
			xx += (double)x * (double)x;
			yy += (double)y * (double)y;
			xy += (double)x * (double)y;
		}
	}
	assert_true(tensors > 0);
	return (struct apart){ sqrt(fmax(xx + yy - 2 * xy, 0) / xx),
			       xy / sqrt(xx * yy), sqrt(yy / xx) };
}

static void near(const struct tensor_file *narrow, const char *prefix,
		 double limit)
{
	struct apart a = compare(narrow, prefix);

	if (a.distance > limit)
		fail_msg("%s are off by %.4f of their size, allowed is %g "
			 "(cosine %.4f, length %.4f)",
			 prefix, a.distance, limit, a.cosine, a.length);
}

/* 1 would be no gradient at all, 1.4 any other of its length. */
static void same_way(const struct tensor_file *narrow, const char *prefix)
{
	struct apart a = compare(narrow, prefix);

	near(narrow, prefix, 1);
	if (a.cosine < 0.7)
		fail_msg("%s point elsewhere: cosine %.4f", prefix, a.cosine);
}

static void run(const char *device)
{
	struct tensor_file narrow;
	struct fl_err err = FL_ERR_INIT;

	if (golden_step_walk(CASE, device, "bf16", &narrow, &err) != 0)
		fail_msg("%s", err.text);
	near(&narrow, "act.", 0.12);
	near(&narrow, "bn.", 0.013);
	near(&narrow, "loss.0", 0.01);
	near(&narrow, "loss.", 0.04);
	same_way(&narrow, "act_grads.");
	same_way(&narrow, "grads.");
	same_way(&narrow, "end.velocity.");
	near(&narrow, "end.weights.", 0.014);
	near(&narrow, "end.ema.", 0.012);
	tensor_file_close(&narrow);
}

static void test_ref(void **state)
{
	(void)state;
	run("ref");
}

static void test_cpu(void **state)
{
	(void)state;
	run("cpu");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ref),
		cmocka_unit_test(test_cpu),
	};
	struct fl_err err = FL_ERR_INIT;
	int failed;

	fl_par_init(2);
	if (golden_step_walk(CASE, "ref", "fp32", &wide, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return 1;
	}
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	tensor_file_close(&wide);
	return failed;
}

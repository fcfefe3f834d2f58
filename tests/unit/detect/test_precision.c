/* amp and precision on processors that are faster with bf16, slower, or have none,
 * alone and with another rank; and what this processor says of itself. */
#include "support/twin.h"
#include "base/clock.h"
#include "base/par.h"
#include "comm/self/self.h"
#include "detect/precision.h"
#include "device/cpu/bf16.h"
#include "device/cpu/cpu.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int asked;

static void fast(struct dev_bf16 *out)
{
	asked++;
	*out = (struct dev_bf16){ true, true, "it is fast" };
}

static void slow(struct dev_bf16 *out)
{
	asked++;
	*out = (struct dev_bf16){ true, false, "it is slow" };
}

static void none(struct dev_bf16 *out)
{
	asked++;
	*out = (struct dev_bf16){ false, false, "it has none" };
}

/* What becomes of a recipe's two keys; -1: it is refused. */
static int settled(void (*bf16)(struct dev_bf16 *), struct comm *comm,
		   enum precision precision, bool amp)
{
	struct device device = { .name = "made-up", .bf16 = bf16 };
	struct recipe r = { .precision = precision, .amp = amp };
	struct fl_err err = FL_ERR_INIT;
	int rc = precision_settle(&r, &device, comm, &err);

	if (rc != 0) {
		assert_int_equal(rc, FL_ERECIPE);
		assert_non_null(strstr(err.text, "it has none"));
		assert_non_null(strstr(err.text, "precision: fp32"));
		return -1;
	}
	assert_int_equal(recipe_precision(&r), r.precision == PRECISION_BF16
						       ? DTYPE_BF16
						       : DTYPE_F32);
	return (int)r.precision;
}

static void test_alone(void **state)
{
	struct comm *self = comm_self_open();

	(void)state;
	assert_int_equal(settled(fast, self, PRECISION_AUTO, true),
			 PRECISION_BF16);
	assert_int_equal(settled(slow, self, PRECISION_AUTO, true),
			 PRECISION_FP32);
	assert_int_equal(settled(none, self, PRECISION_AUTO, true),
			 PRECISION_FP32);
	for (int amp = 0; amp < 2; amp++) {
		assert_int_equal(settled(fast, self, PRECISION_BF16, amp),
				 PRECISION_BF16);
		assert_int_equal(settled(slow, self, PRECISION_BF16, amp),
				 PRECISION_BF16);
		assert_int_equal(settled(none, self, PRECISION_BF16, amp), -1);
	}
	/* nothing to ask the processor */
	asked = 0;
	assert_int_equal(settled(fast, self, PRECISION_FP32, true),
			 PRECISION_FP32);
	assert_int_equal(settled(fast, self, PRECISION_FP32, false),
			 PRECISION_FP32);
	assert_int_equal(settled(fast, self, PRECISION_AUTO, false),
			 PRECISION_FP32);
	assert_int_equal(asked, 0);
	comm_close(self);
}

/* Sums of a rank that answers otherwise. */
static double others;

static int sum_with_other(struct comm *c, double *values, size_t n,
			  struct fl_err *err)
{
	(void)c, (void)err;
	for (size_t i = 0; i < n; i++)
		values[i] += others;
	return 0;
}

static void test_ranks(void **state)
{
	static const struct comm_ops ops = { .sum_doubles = sum_with_other };
	struct comm two = { .ops = &ops, .world = 2 };
	struct twin twin;

	(void)state;
	twin_init(&twin);
	assert_int_equal(settled(fast, &twin.base, PRECISION_AUTO, true),
			 PRECISION_BF16);
	assert_int_equal(settled(slow, &twin.base, PRECISION_AUTO, true),
			 PRECISION_FP32);
	others = 0; /* is not faster */
	assert_int_equal(settled(fast, &two, PRECISION_AUTO, true),
			 PRECISION_FP32);
	others = 1;
	assert_int_equal(settled(fast, &two, PRECISION_AUTO, true),
			 PRECISION_BF16);
	assert_int_equal(settled(slow, &two, PRECISION_AUTO, true),
			 PRECISION_FP32);
}

static void test_here(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct dev_bf16 here, again;
	double ratio, start;

	(void)state;
	cpu_device.bf16(&here);
	start = fl_now_s();
	cpu_device.bf16(&again);
	assert_true(fl_now_s() - start < 0.05); /* it remembers */
	assert_memory_equal(&here, &again, sizeof(here));
	assert_true(*here.why);
	assert_true(here.works || !here.faster);
	printf("    here bf16 %s and is %s: %s\n",
	       here.works ? "works" : "does not work",
	       here.faster ? "faster" : "not faster", here.why);
	if (!here.works) {
		assert_int_not_equal(cpu_bf16_trial(&ratio, &err), 0);
		assert_true(*err.text);
		return;
	}
	assert_int_equal(cpu_bf16_trial(&ratio, &err), 0);
	assert_true(isfinite(ratio) && ratio > 0);
	assert_true(fl_now_s() - start < 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_alone),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_here),
	};

	fl_par_init(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* amp and precision on processors that are faster with bf16, slower, or have none,
 * alone and with another rank; and what this processor says of itself. */
#include "../../support/twin.h"
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

/* What becomes of a recipe's two keys; NULL: it is refused. */
static const char *settled(void (*bf16)(struct dev_bf16 *), struct comm *comm,
			   const char *precision, bool amp)
{
	struct device device = { .name = "made-up", .bf16 = bf16 };
	struct recipe r = { .precision = precision, .amp = amp };
	struct fl_err err = FL_ERR_INIT;
	int rc = precision_settle(&r, &device, comm, &err);

	if (rc != 0) {
		assert_int_equal(rc, FL_ERECIPE);
		assert_non_null(strstr(err.text, "it has none"));
		assert_non_null(strstr(err.text, "precision: fp32"));
		return NULL;
	}
	assert_int_equal(recipe_precision(&r),
			 strcmp(r.precision, "bf16") ? DTYPE_F32 : DTYPE_BF16);
	return r.precision;
}

static void test_alone(void **state)
{
	struct comm *self = comm_self_open();

	(void)state;
	assert_string_equal(settled(fast, self, "auto", true), "bf16");
	assert_string_equal(settled(slow, self, "auto", true), "fp32");
	assert_string_equal(settled(none, self, "auto", true), "fp32");
	for (int amp = 0; amp < 2; amp++) {
		assert_string_equal(settled(fast, self, "bf16", amp), "bf16");
		assert_string_equal(settled(slow, self, "bf16", amp), "bf16");
		assert_null(settled(none, self, "bf16", amp));
	}
	/* nothing to ask the processor */
	asked = 0;
	assert_string_equal(settled(fast, self, "fp32", true), "fp32");
	assert_string_equal(settled(fast, self, "fp32", false), "fp32");
	assert_string_equal(settled(fast, self, "auto", false), "fp32");
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
	struct comm two = { &ops, 0, 2 };
	struct twin twin;

	(void)state;
	twin_init(&twin);
	assert_string_equal(settled(fast, &twin.base, "auto", true), "bf16");
	assert_string_equal(settled(slow, &twin.base, "auto", true), "fp32");
	others = 0; /* is not faster */
	assert_string_equal(settled(fast, &two, "auto", true), "fp32");
	others = 1;
	assert_string_equal(settled(fast, &two, "auto", true), "bf16");
	assert_string_equal(settled(slow, &two, "auto", true), "fp32");
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

/* BF16 as half of a float: every value there and back, ties to even, and what is no
 * ordinary number. */
#include "tensor/value.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

static float float_of(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* All 65536: a value of the type is its own nearest one. */
static void test_there_and_back(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < 0x10000; v++) {
		float f = bf16_to_float((uint16_t)v);

		if (isnan(f))
			assert_true(isnan(bf16_to_float(bf16_of(f))));
		else
			assert_int_equal(bf16_of(f), v);
	}
}

/* Between every two neighbours: below the middle down, above it up, the middle to
 * the even one. */
static void test_nearest(void **state)
{
	(void)state;
	for (uint32_t v = 0; v < 0x7f80; v++) {
		uint32_t low = v << 16, even = v & 1 ? v + 1 : v;

		for (uint32_t sign = 0; sign <= 0x8000; sign += 0x8000) {
			uint32_t s = sign << 16;

			assert_int_equal(bf16_of(float_of(s | low | 0x7fff)),
					 sign | v);
			assert_int_equal(bf16_of(float_of(s | low | 0x8000)),
					 sign | even);
			assert_int_equal(bf16_of(float_of(s | low | 0x8001)),
					 sign | (v + 1));
		}
	}
}

static void test_no_numbers(void **state)
{
	/* the largest fractions of a NaN would carry into the sign */
	static const uint32_t nans[] = { 0x7f800001, 0x7f807fff, 0x7fffffff,
					 0xff800001, 0xffffffff, 0x7fc00000 };

	(void)state;
	for (size_t i = 0; i < sizeof(nans) / sizeof(nans[0]); i++)
		assert_true(isnan(bf16_to_float(bf16_of(float_of(nans[i])))));
	assert_int_equal(bf16_of(INFINITY), 0x7f80);
	assert_int_equal(bf16_of(-INFINITY), 0xff80);
	/* the largest float is nearer to what would follow the largest BF16 */
	assert_int_equal(bf16_of(3.4028235e38f), 0x7f80);
	assert_int_equal(bf16_of(-0.0f), 0x8000);
	assert_true(bf16_to_float(bf16_of(1e-40f)) > 0); /* denormals stay */
}

static void test_tensor(void **state)
{
	float wide[3] = { 0 };
	uint16_t narrow[3] = { 0 };
	struct tensor a = tensor_make(wide, DTYPE_F32, 1, 1, 1, 3);
	struct tensor b = tensor_make(narrow, DTYPE_BF16, 1, 1, 1, 3);

	(void)state;
	tensor_put(&a, 1, 1.00390625f); /* 1 + 2^-8: a tie */
	tensor_put(&b, 1, 1.00390625f);
	assert_true(tensor_get(&a, 1) == 1.00390625f);
	assert_true(tensor_get(&b, 1) == 1.0f);
	assert_true(value_rounded(DTYPE_F32, 1.00390625f) == 1.00390625f);
	assert_true(value_rounded(DTYPE_BF16, 1.01171875f) == 1.015625f);
	assert_true(tensor_get(&b, 0) == 0 && tensor_get(&b, 2) == 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_there_and_back),
		cmocka_unit_test(test_nearest),
		cmocka_unit_test(test_no_numbers),
		cmocka_unit_test(test_tensor),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* fast_math.h - exp, log and sigmoid that the compiler can vectorise.
 *
 * exp by range reduction to |r| <= ln 2 / 2 and the degree-5 polynomial of
 * Cephes (Moshier); largest error 2 units in the last place over the range
 * where the result is normal. Arguments beyond it are clamped, so the results
 * stay finite and positive.
 */
#ifndef FL_BASE_FAST_MATH_H
#define FL_BASE_FAST_MATH_H

#include <stdint.h>

union fl_float_bits {
	float f;
	int32_t i;
};

static inline float fl_exp(float x)
{
	union fl_float_bits t, scale;
	float k, r, p;

	x = x < -87.0f ? -87.0f : x;
	x = x > 88.0f ? 88.0f : x;
	/* Adding 1.5 * 2^23 rounds to a whole number in the low bits. */
	t.f = x * 1.44269504f + 12582912.0f;
	k = t.f - 12582912.0f;
	r = x - k * 0.693359375f;
	r = r + k * 2.12194440e-4f;
	p = 1.9875691500e-4f;
	p = p * r + 1.3981999507e-3f;
	p = p * r + 8.3334519073e-3f;
	p = p * r + 4.1665795894e-2f;
	p = p * r + 1.6666665459e-1f;
	p = p * r + 5.0000001201e-1f;
	p = p * (r * r) + r + 1.0f;
	scale.i = (t.i - 0x4B400000 + 127) * (1 << 23);
	return p * scale.f;
}

/* Natural logarithm of a normal positive x, after Cephes' logf. */
static inline float fl_log(float x)
{
	union fl_float_bits b = { .f = x };
	float m, e, z, y;
	int32_t k = (b.i - 0x3F3504F3) >> 23; /* m in [sqrt 1/2, sqrt 2) */

	b.i -= k * (1 << 23);
	m = b.f - 1.0f;
	e = (float)k;
	z = m * m;
	y = 7.0376836292e-2f;
	y = y * m - 1.1514610310e-1f;
	y = y * m + 1.1676998740e-1f;
	y = y * m - 1.2420140846e-1f;
	y = y * m + 1.4249322787e-1f;
	y = y * m - 1.6668057665e-1f;
	y = y * m + 2.0000714765e-1f;
	y = y * m - 2.4999993993e-1f;
	y = y * m + 3.3333331174e-1f;
	y = y * m * z - 2.12194440e-4f * e - 0.5f * z;
	return m + y + 0.693359375f * e;
}

static inline float fl_sigmoid(float x)
{
	return 1.0f / (1.0f + fl_exp(-x));
}

#endif

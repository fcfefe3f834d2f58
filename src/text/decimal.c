/* decimal.c - numbers of 17 to 19 digits, as Python prints doubles. Called by
 * decimal_scale() for what doubles alone cannot tell: the 64 bits of x87's long double
 * hold those digits. Elsewhere nothing is told, and the caller asks strtod. */
#include "text/decimal.h"

#include <float.h>
#include <string.h>

#if LDBL_MANT_DIG == 64
/* w / 10^k or w * 10^k rounded to 64 bits and then to 53 is the nearest
 * double unless the first rounding met the middle between two doubles: then
 * it is not known on which side the true value lies. 10^27 is the largest
 * power that 64 bits hold. */
bool decimal_scale_long(uint64_t w, int exponent, double *out)
{
	static const long double ten[] = {
		1e0L,  1e1L,  1e2L,  1e3L,  1e4L,  1e5L,  1e6L,
		1e7L,  1e8L,  1e9L,  1e10L, 1e11L, 1e12L, 1e13L,
		1e14L, 1e15L, 1e16L, 1e17L, 1e18L, 1e19L, 1e20L,
		1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
	};
	long double x = (long double)w;
	uint64_t mantissa;

	if (exponent < -27 || exponent > 27)
		return false;
	x = exponent < 0 ? x / ten[-exponent] : x * ten[exponent];
	/* The 64 bits of the x87 mantissa come first in memory. The lower 11
	 * are what a double drops, 0x400 its middle. */
	memcpy(&mantissa, &x, sizeof(mantissa));
	if ((mantissa & 0x7FF) == 0x400)
		return false;
	*out = (double)x;
	return true;
}
#else
bool decimal_scale_long(uint64_t w, int exponent, double *out)
{
	(void)w, (void)exponent, (void)out;
	return false;
}
#endif

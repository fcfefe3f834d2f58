/* decimal.h - the double nearest to a whole number times a power of ten, by one
 * operation, for readers of millions of numbers. strtod is right for all others.
 *
 * Threads: any.
 */
#ifndef FL_TEXT_DECIMAL_H
#define FL_TEXT_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* Of what one operation on doubles cannot tell: by longer ones, where there are any. */
bool decimal_scale_long(uint64_t w, int exponent, double *out);

/* *out is the double nearest to w times 10^exponent; false where one operation does not
 * tell which one that is. Up to 22 both operands are doubles without error, so the one
 * operation rounds correctly (Clinger: How to read floating point numbers accurately,
 * 1990). In the header, because nearly every number of an annotation is such a one. */
static inline bool decimal_scale(uint64_t w, int exponent, double *out)
{
	static const double ten[] = {
		1e0,  1e1,  1e2,  1e3,	1e4,  1e5,  1e6,  1e7,
		1e8,  1e9,  1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
		1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
	};

	if (w > (1ull << 53) || exponent < -22 || exponent > 22)
		return decimal_scale_long(w, exponent, out);
	*out = exponent < 0 ? (double)w / ten[-exponent]
			    : (double)w * ten[exponent];
	return true;
}

#endif

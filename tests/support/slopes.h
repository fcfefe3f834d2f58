/* slopes.h - a gradient against central differences. */
#ifndef TESTS_SUPPORT_SLOPES_H
#define TESTS_SUPPORT_SLOPES_H

#include <stddef.h>

/* f is a function of v[0 .. n) among others; each v[i] moves by h to both
 * sides. The norm of (difference - grad) over the norm of the difference, or 0
 * where both are below what float rounding leaves (1e-5). */
double slopes_error(float *v, const float *grad, size_t n, float h,
		    double (*f)(void *ctx), void *ctx);

#endif

#include "support/slopes.h"

#include <math.h>

double slopes_error(float *v, const float *grad, size_t n, float h,
		    double (*f)(void *ctx), void *ctx)
{
	double diff = 0, norm = 0;

	for (size_t i = 0; i < n; i++) {
		float old = v[i];
		double up, down, slope;

		v[i] = old + h;
		up = f(ctx);
		v[i] = old - h;
		down = f(ctx);
		slope = (up - down) / ((double)(old + h) - (double)(old - h));
		v[i] = old;
		diff += pow(slope - (double)grad[i], 2);
		norm += pow(slope, 2);
	}
	return sqrt(diff) < 1e-5 ? 0 : sqrt(diff) / (sqrt(norm) + 1e-30);
}

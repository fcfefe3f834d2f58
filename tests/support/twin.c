/* See twin.h: the collectives of a rank and its mirror image. */
#include "support/twin.h"

static struct twin *of(struct comm *c)
{
	return (struct twin *)(void *)c;
}

int keeps_denormals(void)
{
	volatile float small = 1.5e-38f, product = small * 0.125f;

	return product != 0;
}

static int sum_doubles(struct comm *c, double *values, size_t n,
		       struct fl_err *err)
{
	(void)c, (void)err;
	for (size_t i = 0; i < n; i++)
		values[i] *= 2;
	return 0;
}

static int sum_floats(struct comm *c, float *values, size_t n,
		      struct fl_err *err)
{
	(void)err;
	of(c)->denormals += keeps_denormals();
	of(c)->sums++;
	for (size_t i = 0; i < n; i++)
		values[i] *= 2;
	return 0;
}

static const struct comm_ops ops = { .sum_doubles = sum_doubles,
				     .sum_floats = sum_floats };

void twin_init(struct twin *twin)
{
	*twin = (struct twin){ .base = { .ops = &ops, .world = 2 } };
}

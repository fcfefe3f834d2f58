/* See twin.h: the collectives of a rank and its mirror image. */
#include "twin.h"

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

static int mean_open(struct comm *c, struct dev *dev, size_t n,
		     struct fl_err *err)
{
	return averager_open(c, dev, n, &of(c)->averager, err);
}

static void mean_begin(struct comm *c, struct dev_queue *q, float *values,
		       size_t n)
{
	averager_begin(of(c)->averager, q, values, n);
}

static int mean_wait(struct comm *c, struct dev_queue *q,
		     struct comm_times *times, struct fl_err *err)
{
	return averager_wait(of(c)->averager, q, times, err);
}

static void mean_close(struct comm *c)
{
	averager_close(of(c)->averager);
	of(c)->averager = NULL;
}

static const struct comm_ops ops = { .sum_doubles = sum_doubles,
				     .sum_floats = sum_floats,
				     .mean_open = mean_open,
				     .mean_begin = mean_begin,
				     .mean_wait = mean_wait,
				     .mean_close = mean_close };

void twin_init(struct twin *twin)
{
	*twin = (struct twin){ .base = { &ops, 0, 2 } };
}

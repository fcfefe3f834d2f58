/* check_sums: joins the job and adds up floats and doubles of many counts; every rank must get
 * the right sums, to the last bit those of rank 0. Ends with 1 where they are not. */
#include "comm/mpi/mpi.h"

#include "base/arena.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int wrong(const char *what, size_t count, size_t i, double is,
		 double should)
{
	printf("%s of %zu: number %zu is %.9g, not %.9g\n", what, count, i, is,
	       should);
	return 1;
}

/* What rank r has at i. */
static double value(int r, size_t i)
{
	struct fl_rng rng = fl_rng_open(7, FL_RNG_TEST, (uint64_t)r, i);

	return fl_rng_range(&rng, -1, 1);
}

static int check_floats(struct comm *c, size_t count)
{
	float *v = fl_malloc((count + 1) * sizeof(*v)),
	      *first = fl_malloc((count + 1) * sizeof(*v));
	struct fl_err err = FL_ERR_INIT;
	int bad = 0;

	for (size_t i = 0; i < count; i++)
		v[i] = (float)value(c->rank, i);
	v[count] = 77;
	if (comm_sum_floats(c, v, count, &err) != 0)
		bad = 1;
	memcpy(first, v, (count + 1) * sizeof(*v));
	comm_broadcast(c, first, (count + 1) * sizeof(*v), &err);
	for (size_t i = 0; !bad && i < count; i++) {
		double sum = 0;

		for (int r = 0; r < c->world; r++)
			sum += (float)value(r, i);
		if (fabs((double)v[i] - sum) > 1e-6 * c->world)
			bad = wrong("floats", count, i, (double)v[i], sum);
		else if (memcmp(&v[i], &first[i], sizeof(*v)) != 0)
			bad = wrong("rank 0's floats", count, i, (double)v[i],
				    (double)first[i]);
	}
	if (v[count] != 77)
		bad = wrong("floats", count, count, (double)v[count], 77);
	free(v);
	free(first);
	return bad;
}

static int check_doubles(struct comm *c, size_t count)
{
	double *v = fl_malloc(count * sizeof(*v));
	struct fl_err err = FL_ERR_INIT;
	int bad = 0;

	for (size_t i = 0; i < count; i++)
		v[i] = value(c->rank, i);
	if (comm_sum_doubles(c, v, count, &err) != 0)
		bad = 1;
	for (size_t i = 0; !bad && i < count; i++) {
		double sum = 0;

		for (int r = 0; r < c->world; r++)
			sum += value(r, i);
		if (fabs(v[i] - sum) > 1e-14 * c->world)
			bad = wrong("doubles", count, i, v[i], sum);
	}
	free(v);
	return bad;
}

int main(void)
{
	/* less than there are ranks; around a segment and around a round of the ring */
	static const size_t floats[] = {
		0,	 1,	2,     7,	1000,
		15360,	 61441, 99999, 1 << 20, (1 << 20) + 1,
		2500000, 3,	100000
	};
	static const size_t doubles[] = { 1, 33, 8192, 8193, 100000 };
	struct fl_err err = FL_ERR_INIT;
	struct comm *c;
	int bad = 0;

	if (comm_mpi_open(&c, &err) != 0) {
		fprintf(stderr, "%s\n", err.text);
		return fl_exit_status(err.code);
	}
	for (size_t k = 0; k < sizeof(floats) / sizeof(*floats); k++)
		bad |= check_floats(c, floats[k]);
	for (size_t k = 0; k < sizeof(doubles) / sizeof(*doubles); k++)
		bad |= check_doubles(c, doubles[k]);
	comm_close(c);
	return bad;
}

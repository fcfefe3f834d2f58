/* One rank alone: sums are what they were, and nothing is sent. It has every
 * function of the interface, so that a single process runs the same step as a
 * job of many and needs no MPI: who opens a job (cmd/job.c) takes this where
 * comm_mpi_launched() says that nobody else was started. */
#include "comm/self/self.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static int sum_doubles(struct comm *c, double *values, size_t count,
		       struct fl_err *err)
{
	(void)c, (void)values, (void)count, (void)err;
	return 0;
}

static int sum_floats(struct comm *c, float *values, size_t count,
		      struct fl_err *err)
{
	(void)c, (void)values, (void)count, (void)err;
	return 0;
}

static int broadcast(struct comm *c, void *bytes, size_t size,
		     struct fl_err *err)
{
	(void)c, (void)bytes, (void)size, (void)err;
	return 0;
}

/* The caller frees *all, so it is a copy even here. */
static int gather(struct comm *c, const void *bytes, size_t size, void **all,
		  size_t *total, struct fl_err *err)
{
	(void)c, (void)err;
	*all = memcpy(fl_malloc(size), bytes, size);
	*total = size;
	return 0;
}

/* The four means are there although bucket.c never calls them for one rank:
 * without them comm_mean_open would start an averager's thread. */
static int mean_open(struct comm *c, struct dev *dev, size_t count,
		     struct fl_err *err)
{
	(void)c, (void)dev, (void)count, (void)err;
	return 0;
}

static void mean_begin(struct comm *c, struct dev_queue *q, float *values,
		       size_t count)
{
	(void)c, (void)q, (void)values, (void)count;
}

static int mean_wait(struct comm *c, struct dev_queue *q,
		     struct comm_times *times, struct fl_err *err)
{
	(void)c, (void)q, (void)times, (void)err;
	return 0;
}

static void mean_close(struct comm *c)
{
	(void)c;
}

static void stop(struct comm *c, int status)
{
	/* Nobody else is there to be ended; the caller returns its error. */
	(void)c, (void)status;
}

static void close_self(struct comm *c)
{
	free(c);
}

static const struct comm_ops ops = {
	.sum_doubles = sum_doubles,
	.sum_floats = sum_floats,
	.broadcast = broadcast,
	.gather = gather,
	.mean_open = mean_open,
	.mean_begin = mean_begin,
	.mean_wait = mean_wait,
	.mean_close = mean_close,
	.abort = stop,
	.close = close_self,
};

struct comm *comm_self_open(void)
{
	struct comm *c = fl_calloc(1, sizeof(*c));

	*c = (struct comm){ .ops = &ops, .world = 1 };
	return c;
}

/* comm.h - a group of ranks, and the collectives they run together.
 *
 * To one rank, a communicator is the job: who I am, how many we are, and ways
 * to combine numbers with everyone else. Which engine carries them (self for
 * one rank, mpi) is settled when the program opens it.
 *
 * Order    Every rank makes the same calls in the same order with the same
 *          counts. Additions have a fixed order: same job, same bits.
 * Memory   sum_doubles, broadcast and gather are for the host's memory.
 *          comm_sum_on and the means are for a device's, in order of a queue.
 * Threads  All calls come from the training thread. Means may be carried by a
 *          thread of the engine's own (comm/averager.h), and then travel on a
 *          communicator of their own, so that small sums never queue behind
 *          them; sum_floats is for that thread.
 * Time     An engine cannot bound a collective; the launcher watches the ranks
 *          and ends the job when one is lost. Alone, nothing waits.
 */
#ifndef FL_COMM_COMM_H
#define FL_COMM_COMM_H

#include "base/err.h"
#include "device/device.h"

#include <stddef.h>

struct comm;
struct averager;

struct comm_times {
	double comm_s; /* sum of the all-reduces */
	double wait_s; /* what the training thread waited for them */
};

struct comm_ops {
	/* values[i] = sum over ranks */
	int (*sum_doubles)(struct comm *comm, double *values, size_t count,
			   struct fl_err *err);
	int (*sum_floats)(struct comm *comm, float *values, size_t count,
			  struct fl_err *err);
	/* Means of at most 'count' floats a step, in device memory. begin
	 * returns at once: the values are averaged in order of the calls once
	 * the work before them in q is done, and nobody touches them until
	 * wait, after which work in q sees them. begin tells no error, wait
	 * does. close takes an engine whose means were never opened.
	 * All four NULL: sum_floats adds, called by an averager's thread
	 * (comm/averager.h). */
	int (*mean_open)(struct comm *comm, struct dev *dev, size_t count,
			 struct fl_err *err);
	void (*mean_begin)(struct comm *comm, struct dev_queue *q,
			   float *values, size_t count);
	int (*mean_wait)(struct comm *comm, struct dev_queue *q,
			 struct comm_times *times, struct fl_err *err);
	void (*mean_close)(struct comm *comm);
	/* everyone gets rank 0's bytes */
	int (*broadcast)(struct comm *comm, void *bytes, size_t size,
			 struct fl_err *err);
	/* Rank 0 gets all blobs one after another in order of ranks in *all
	 * (malloc, the caller frees) and their total size; others get NULL, 0. */
	int (*gather)(struct comm *comm, const void *bytes, size_t size,
		      void **all, size_t *total, struct fl_err *err);
	/* End the whole job; does not return where the engine can. */
	void (*abort)(struct comm *comm, int status);
	void (*close)(struct comm *comm);
};

struct comm {
	const struct comm_ops *ops;
	int rank, world;
	struct averager *averager; /* of an engine without means of its own */
};

static inline int comm_sum_doubles(struct comm *c, double *values, size_t count,
				   struct fl_err *err)
{
	return c->ops->sum_doubles(c, values, count, err);
}

static inline int comm_sum_floats(struct comm *c, float *values, size_t count,
				  struct fl_err *err)
{
	return c->ops->sum_floats(c, values, count, err);
}

/* Means: comm_ops.mean_*, or by the averager. */
int comm_mean_open(struct comm *comm, struct dev *dev, size_t count,
		   struct fl_err *err);
void comm_mean_begin(struct comm *comm, struct dev_queue *q, float *values,
		     size_t count);
int comm_mean_wait(struct comm *comm, struct dev_queue *q,
		   struct comm_times *times, struct fl_err *err);
void comm_mean_close(struct comm *comm);

/* values are device memory and take part as the work in q before leaves them;
 * work in q after sees the sums. */
int comm_sum_on(struct comm *comm, struct dev_queue *q, double *values,
		size_t count, struct fl_err *err);

static inline int comm_broadcast(struct comm *c, void *bytes, size_t size,
				 struct fl_err *err)
{
	return c->ops->broadcast(c, bytes, size, err);
}

static inline int comm_gather(struct comm *c, const void *bytes, size_t size,
			      void **all, size_t *total, struct fl_err *err)
{
	return c->ops->gather(c, bytes, size, all, total, err);
}

static inline void comm_abort(struct comm *c, int status)
{
	c->ops->abort(c, status);
}

static inline void comm_close(struct comm *c)
{
	if (c)
		c->ops->close(c);
}

#endif

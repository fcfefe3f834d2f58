/* Sums over ranks of what lies on a device. An engine that adds in the host's
 * memory gets the numbers through the queue and puts them back the same way;
 * where that is the device's memory too there is nothing to carry. Means of an
 * engine that only adds are an averager's. */
#include "comm/comm.h"

#include "base/arena.h"
#include "comm/averager.h"

#include <stdlib.h>

int comm_sum_on(struct comm *c, struct dev_queue *q, double *values,
		size_t count, struct fl_err *err)
{
	bool shared = q->dev->info.host_memory;
	/* Small (a count and a few sums of a layer), so a buffer a call costs
	 * nothing beside the collective. */
	double *host = shared ? values : fl_malloc(count * sizeof(double));
	int rc;

	if (!shared)
		dev_read(q, host, values, count * sizeof(double));
	rc = dev_wait(q, err);
	if (rc == 0)
		rc = comm_sum_doubles(c, host, count, err);
	if (rc == 0 && !shared) {
		dev_write(q, values, host, count * sizeof(double));
		rc = dev_wait(q, err); /* host goes */
	}
	if (!shared)
		free(host);
	return rc;
}

int comm_mean_open(struct comm *c, struct dev *dev, size_t count,
		   struct fl_err *err)
{
	if (c->ops->mean_open)
		return c->ops->mean_open(c, dev, count, err);
	/* One at a time: its ranges are those of one engine's step. */
	FL_ASSERT(!c->averager);
	return averager_open(c, dev, count, &c->averager, err);
}

void comm_mean_begin(struct comm *c, struct dev_queue *q, float *values,
		     size_t count)
{
	if (c->ops->mean_begin)
		c->ops->mean_begin(c, q, values, count);
	else
		averager_begin(c->averager, q, values, count);
}

int comm_mean_wait(struct comm *c, struct dev_queue *q,
		   struct comm_times *times, struct fl_err *err)
{
	return c->ops->mean_wait ? c->ops->mean_wait(c, q, times, err)
				 : averager_wait(c->averager, q, times, err);
}

void comm_mean_close(struct comm *c)
{
	if (c->ops->mean_close)
		c->ops->mean_close(c);
	/* NULL where the engine averages by itself. */
	averager_close(c->averager);
	c->averager = NULL;
}

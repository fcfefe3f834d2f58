/* Sums over ranks of what lies on a device. An engine that adds in the host's
 * memory gets the numbers through the queue and puts them back the same way;
 * where that is the device's memory too there is nothing to carry. */
#include "comm/comm.h"

#include "base/arena.h"

#include <stdlib.h>

int comm_sum_on(struct comm *c, struct dev_queue *q, double *values,
		size_t count, struct fl_err *err)
{
	bool shared = q->dev->info.host_memory;
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

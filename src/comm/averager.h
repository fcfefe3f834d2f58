/* averager.h - a thread that averages over ranks while the training thread goes
 * on computing, for engines whose sums make their caller wait.
 *
 * Ranges are taken in the order in which they come. Where a device's memory is
 * not the host's they are read to host memory at begin, which waits for the
 * queue, and written back at wait.
 *
 * Threads: all calls from the training thread; sum_floats of the communicator
 * is called by the averager's own.
 */
#ifndef FL_COMM_AVERAGER_H
#define FL_COMM_AVERAGER_H

#include "comm/comm.h"

struct averager;

/* comm is borrowed; count: floats of a step. The contract of the rest is that
 * of comm_ops.mean_*. */
int averager_open(struct comm *comm, struct dev *dev, size_t count,
		  struct averager **out, struct fl_err *err);
void averager_begin(struct averager *a, struct dev_queue *q, float *values,
		    size_t count);
int averager_wait(struct averager *a, struct dev_queue *q,
		  struct comm_times *times, struct fl_err *err);
/* NULL is fine. */
void averager_close(struct averager *a);

#endif

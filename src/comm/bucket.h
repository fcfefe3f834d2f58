/* bucket.h - gradients leave while backward still computes.
 *
 * The flat gradient buffer becomes final from its start (graph/graph.h). It
 * is cut into buckets; as soon as the last gradient of a bucket is there, its
 * mean over the ranks begins (comm.h), in order of the buckets. The last ones
 * are small, for nothing is left to hide them behind.
 *
 * One rank has nothing to send: no thread, no time.
 * Threads: all calls from the training thread.
 */
#ifndef FL_COMM_BUCKET_H
#define FL_COMM_BUCKET_H

#include "comm/comm.h"

#include <stdbool.h>

struct buckets;

/* count floats in buckets of about bucket_bytes; comm and dev are borrowed.
 * overlap false: everything leaves at the end (to measure the difference). */
int buckets_open(struct comm *comm, struct dev *dev, size_t count,
		 size_t bucket_bytes, bool overlap, struct buckets **out,
		 struct fl_err *err);
/* NULL is fine. */
void buckets_close(struct buckets *buckets);

/* A step's gradients are about to be written to grads[0 .. count), device
 * memory, by work in q. */
void buckets_begin(struct buckets *buckets, struct dev_queue *q, float *grads);
/* grads[0 .. end) are final after the work that q has by now; end never goes
 * back. */
void buckets_ready(struct buckets *buckets, size_t end);
/* Work in q from now on sees the means of all; fails if a sum did. */
int buckets_wait(struct buckets *buckets, struct comm_times *times,
		 struct fl_err *err);

#endif

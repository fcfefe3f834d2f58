/* bucket.h - gradients leave while backward still computes.
 *
 * The flat gradient buffer becomes final from its start (graph/graph.h). It
 * is cut into buckets; as soon as the last gradient of a bucket is there, a
 * thread of its own averages it over the ranks in an all-reduce, in order of
 * the buckets. The last ones are small, for nothing is left to hide them
 * behind.
 *
 * One rank has nothing to send: no thread, no time.
 * Threads: all calls from the training thread.
 */
#ifndef FL_COMM_BUCKET_H
#define FL_COMM_BUCKET_H

#include "comm/comm.h"

#include <stdbool.h>

struct buckets;

struct bucket_times {
	double comm_s; /* sum of the all-reduces */
	double wait_s; /* what the training thread waited for them */
};

/* count floats in buckets of about bucket_bytes; comm is borrowed.
 * overlap false: everything leaves at the end (to measure the difference). */
int buckets_open(struct comm *comm, size_t count, size_t bucket_bytes,
		 bool overlap, struct buckets **out, struct fl_err *err);
void buckets_close(struct buckets *buckets);

/* A step's gradients are about to be written to grads[0 .. count). */
void buckets_begin(struct buckets *buckets, float *grads);
/* grads[0 .. end) are final; end never goes back. */
void buckets_ready(struct buckets *buckets, size_t end);
/* Wait until all are averaged. */
int buckets_wait(struct buckets *buckets, struct bucket_times *times,
		 struct fl_err *err);

#endif

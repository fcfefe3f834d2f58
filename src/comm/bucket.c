/* Cutting the gradients into buckets, and letting each go when it is final.
 * What carries them is the communicator's affair. An engine opens it
 * (train/engine.c) and says through buckets_ready how far the gradients are
 * final, as it hears it from the graph's backward; a step waits at its end. */
#include "comm/bucket.h"

#include "base/arena.h"

#include <stdlib.h>

/* A bound for arrays alone: where it would be passed, buckets become larger. */
#define MAX_BUCKETS 256

struct buckets {
	struct comm *comm;
	size_t count;
	size_t ends[MAX_BUCKETS]; /* bucket i is [ends[i - 1], ends[i]) */
	int bucket_count;
	bool overlap;
	/* of the step at work */
	struct dev_queue *queue;
	float *grads;
	int begun;
};

/* Buckets of equal size, but the last two of a quarter and of a sixteenth of
 * it: backward ends with layers of few parameters, so these leave while it
 * still runs, and little is left when it is done. */
static void cut(struct buckets *b, size_t bucket_bytes)
{
	size_t size = bucket_bytes / sizeof(float), last = 0, rest, n;

	/* A size that would make more buckets than there is room for is taken
	 * as the least that does not; two places are the last ones'. */
	if (size < b->count / (MAX_BUCKETS - 2) + 1)
		size = b->count / (MAX_BUCKETS - 2) + 1;
	if (b->count > size)
		last = size / 4 + size / 16;
	/* The buckets of full size are made equal, so that none is a sliver. */
	rest = b->count - last;
	n = (rest + size - 1) / size;
	for (size_t i = 0; i < n; i++)
		b->ends[b->bucket_count++] = rest * (i + 1) / n;
	if (last > 0) {
		b->ends[b->bucket_count++] = b->count - size / 16;
		b->ends[b->bucket_count++] = b->count;
	}
}

int buckets_open(struct comm *comm, struct dev *dev, size_t count,
		 size_t bucket_bytes, bool overlap, struct buckets **out,
		 struct fl_err *err)
{
	struct buckets *b;

	if (comm->world > 1) {
		int rc = comm_mean_open(comm, dev, count, err);

		if (rc != 0)
			return rc;
	}
	b = fl_calloc(1, sizeof(*b));
	b->comm = comm;
	b->count = count;
	b->overlap = overlap;
	cut(b, bucket_bytes);
	*out = b;
	return 0;
}

void buckets_close(struct buckets *b)
{
	if (!b)
		return;
	if (b->comm->world > 1)
		comm_mean_close(b->comm);
	free(b);
}

void buckets_begin(struct buckets *b, struct dev_queue *q, float *grads)
{
	b->queue = q;
	b->grads = grads;
	b->begun = 0;
}

/* All buckets that end at or before 'end', in their order; a bucket whose last
 * gradient is missing stays. */
static void send(struct buckets *b, size_t end)
{
	while (b->begun < b->bucket_count && b->ends[b->begun] <= end) {
		size_t first = b->begun ? b->ends[b->begun - 1] : 0;

		comm_mean_begin(b->comm, b->queue, b->grads + first,
				b->ends[b->begun] - first);
		b->begun++;
	}
}

void buckets_ready(struct buckets *b, size_t end)
{
	if (b->comm->world > 1 && b->overlap)
		send(b, end);
}

int buckets_wait(struct buckets *b, struct comm_times *times,
		 struct fl_err *err)
{
	*times = (struct comm_times){ 0 };
	if (b->comm->world == 1)
		return 0;
	/* Without overlap this sends them all; with it, what backward left. */
	send(b, b->count);
	return comm_mean_wait(b->comm, b->queue, times, err);
}

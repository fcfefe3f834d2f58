#include "comm/bucket.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/par.h"

#include <pthread.h>
#include <string.h>
#include <stdlib.h>

#define MAX_BUCKETS 256

struct buckets {
	struct comm *comm;
	size_t count;
	size_t ends[MAX_BUCKETS];
	int bucket_count;
	bool overlap;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	/* under the lock */
	float *grads;
	size_t ready; /* floats that are final */
	int finished; /* buckets averaged in this step */
	bool stop;
	double comm_s;
	struct fl_err err;
};

/* Buckets of equal size, but the last two of a quarter and of a sixteenth of
 * it: backward ends with layers of few parameters, so these leave while it
 * still runs, and little is left when it is done. */
static void cut(struct buckets *b, size_t bucket_bytes)
{
	size_t size = bucket_bytes / sizeof(float), last = 0, rest, n;

	if (size < b->count / (MAX_BUCKETS - 2) + 1)
		size = b->count / (MAX_BUCKETS - 2) + 1;
	if (b->count > size)
		last = size / 4 + size / 16;
	rest = b->count - last;
	n = (rest + size - 1) / size;
	for (size_t i = 0; i < n; i++)
		b->ends[b->bucket_count++] = rest * (i + 1) / n;
	if (last > 0) {
		b->ends[b->bucket_count++] = b->count - size / 16;
		b->ends[b->bucket_count++] = b->count;
	}
}

static int average(struct buckets *b, int i, struct fl_err *err)
{
	size_t first = i ? b->ends[i - 1] : 0, n = b->ends[i] - first;
	float *g = b->grads + first, factor = 1 / (float)b->comm->world;
	int rc = comm_sum_floats(b->comm, g, n, err);

	for (size_t k = 0; k < n; k++)
		g[k] *= factor;
	return rc;
}

static void *send_buckets(void *arg)
{
	struct buckets *b = arg;

	fl_flush_denormals();
	pthread_mutex_lock(&b->lock);
	while (!b->stop) {
		struct fl_err err = FL_ERR_INIT;
		int i = b->finished;
		double start;

		if (!b->grads || i == b->bucket_count ||
		    b->ready < b->ends[i]) {
			pthread_cond_wait(&b->work, &b->lock);
			continue;
		}
		pthread_mutex_unlock(&b->lock);
		start = fl_now_s();
		average(b, i, &err);
		pthread_mutex_lock(&b->lock);
		b->comm_s += fl_now_s() - start;
		if (err.code != 0 && b->err.code == 0)
			b->err = err;
		b->finished++;
		pthread_cond_signal(&b->done);
	}
	pthread_mutex_unlock(&b->lock);
	return NULL;
}

int buckets_open(struct comm *comm, size_t count, size_t bucket_bytes,
		 bool overlap, struct buckets **out, struct fl_err *err)
{
	struct buckets *b = fl_calloc(1, sizeof(*b));
	int status;

	b->comm = comm;
	b->count = count;
	b->overlap = overlap;
	cut(b, bucket_bytes);
	pthread_mutex_init(&b->lock, NULL);
	pthread_cond_init(&b->work, NULL);
	pthread_cond_init(&b->done, NULL);
	*out = b;
	if (comm->world == 1)
		return 0;
	status = pthread_create(&b->thread, NULL, send_buckets, b);
	if (status == 0)
		return 0;
	free(b);
	return fl_fail(err, FL_EINTERNAL, "cannot start a thread: %s",
		       strerror(status));
}

void buckets_close(struct buckets *b)
{
	if (!b)
		return;
	if (b->comm->world > 1) {
		pthread_mutex_lock(&b->lock);
		b->stop = true;
		pthread_cond_signal(&b->work);
		pthread_mutex_unlock(&b->lock);
		pthread_join(b->thread, NULL);
	}
	pthread_cond_destroy(&b->work);
	pthread_cond_destroy(&b->done);
	pthread_mutex_destroy(&b->lock);
	free(b);
}

void buckets_begin(struct buckets *b, float *grads)
{
	if (b->comm->world == 1)
		return;
	pthread_mutex_lock(&b->lock);
	b->grads = grads;
	b->ready = 0;
	b->finished = 0;
	b->comm_s = 0;
	pthread_mutex_unlock(&b->lock);
}

static void set_ready(struct buckets *b, size_t end)
{
	pthread_mutex_lock(&b->lock);
	b->ready = end;
	pthread_cond_signal(&b->work);
	pthread_mutex_unlock(&b->lock);
}

void buckets_ready(struct buckets *b, size_t end)
{
	if (b->comm->world > 1 && b->overlap)
		set_ready(b, end);
}

int buckets_wait(struct buckets *b, struct bucket_times *times,
		 struct fl_err *err)
{
	double start = fl_now_s();
	int rc = 0;

	*times = (struct bucket_times){ 0 };
	if (b->comm->world == 1)
		return 0;
	set_ready(b, b->count);
	pthread_mutex_lock(&b->lock);
	while (b->finished < b->bucket_count)
		pthread_cond_wait(&b->done, &b->lock);
	b->grads = NULL;
	times->comm_s = b->comm_s;
	if (b->err.code != 0) {
		*err = b->err;
		rc = err->code;
	}
	pthread_mutex_unlock(&b->lock);
	times->wait_s = fl_now_s() - start;
	return rc;
}

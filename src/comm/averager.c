/* One thread, one list of ranges for a step, one lock. begin appends and wakes
 * the thread; the thread takes ranges from the front without the lock held
 * while it sums; wait sleeps until the thread has caught up and clears the
 * list. Every rank begins the same ranges in the same order, so the collectives
 * meet. */
#include "comm/averager.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/cores.h"
#include "base/par.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

/* As many as there are buckets at most (bucket.c). */
#define MAX_RANGES 256

struct mean_range {
	float *values; /* the device's */
	float *host;   /* what is summed: the same, or a copy */
	size_t count;
};

struct averager {
	struct comm *comm;
	struct dev *dev;
	struct dev_slab copy; /* where the device's memory is its own */
	size_t copied;	      /* floats of it that are in use */
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t work, done;
	/* under the lock */
	struct mean_range ranges[MAX_RANGES];
	int begun, finished;
	bool stop;
	double comm_s;
	struct fl_err err;
};

/* The factor is applied here, on this thread, so that it costs the training
 * thread nothing. After a failed sum the values mean nothing, and wait says
 * so. */
static void average(struct averager *a, const struct mean_range *r,
		    struct fl_err *err)
{
	float factor = 1 / (float)a->comm->world;

	comm_sum_floats(a->comm, r->host, r->count, err);
	for (size_t k = 0; k < r->count; k++)
		r->host[k] *= factor;
}

static void *run(void *arg)
{
	struct averager *a = arg;

	/* OpenMP's variables may have bound the thread that started this one,
	 * and both would sit on its core (base/cores.h). */
	fl_cores_all();
	fl_flush_denormals();
	pthread_mutex_lock(&a->lock);
	while (!a->stop) {
		struct fl_err err = FL_ERR_INIT;
		struct mean_range r;
		double start;

		if (a->finished == a->begun) {
			pthread_cond_wait(&a->work, &a->lock);
			continue;
		}
		r = a->ranges[a->finished];
		pthread_mutex_unlock(&a->lock);
		start = fl_now_s();
		average(a, &r, &err);
		pthread_mutex_lock(&a->lock);
		a->comm_s += fl_now_s() - start;
		/* The first failure is kept: those behind it follow from it. */
		if (err.code != 0 && a->err.code == 0)
			a->err = err;
		a->finished++;
		pthread_cond_signal(&a->done);
	}
	pthread_mutex_unlock(&a->lock);
	return NULL;
}

/* The thread has ended, or was never there. */
static void release(struct averager *a)
{
	dev_slab_free(a->dev, &a->copy);
	pthread_cond_destroy(&a->work);
	pthread_cond_destroy(&a->done);
	pthread_mutex_destroy(&a->lock);
	free(a);
}

int averager_open(struct comm *comm, struct dev *dev, size_t count,
		  struct averager **out, struct fl_err *err)
{
	struct averager *a = fl_calloc(1, sizeof(*a));
	int rc = 0, status;

	a->comm = comm;
	a->dev = dev;
	pthread_mutex_init(&a->lock, NULL);
	pthread_cond_init(&a->work, NULL);
	pthread_cond_init(&a->done, NULL);
	if (!dev->info.host_memory)
		rc = dev_slab_new(dev, count * sizeof(float), DEV_HOST,
				  &a->copy, err);
	if (rc == 0) {
		status = pthread_create(&a->thread, NULL, run, a);
		if (status != 0)
			rc = fl_fail(err, FL_EINTERNAL,
				     "cannot start a thread: %s",
				     strerror(status));
	}
	if (rc == 0)
		*out = a;
	else
		release(a);
	return rc;
}

void averager_close(struct averager *a)
{
	if (!a)
		return;
	pthread_mutex_lock(&a->lock);
	a->stop = true;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
	pthread_join(a->thread, NULL);
	release(a);
}

void averager_begin(struct averager *a, struct dev_queue *q, float *values,
		    size_t count)
{
	struct mean_range r = { values, values, count };
	struct fl_err err = FL_ERR_INIT;

	if (!a->dev->info.host_memory) {
		r.host = (float *)a->copy.data + a->copied;
		a->copied += count;
		dev_read(q, r.host, values, count * sizeof(float));
	}
	/* The thread cannot see the queue: the gradients have to be there
	 * before it starts. Where the host computes, nothing waits here. */
	dev_wait(q, &err);
	pthread_mutex_lock(&a->lock);
	FL_ASSERT(a->begun < MAX_RANGES);
	a->ranges[a->begun++] = r;
	if (err.code != 0 && a->err.code == 0)
		a->err = err;
	pthread_cond_signal(&a->work);
	pthread_mutex_unlock(&a->lock);
}

int averager_wait(struct averager *a, struct dev_queue *q,
		  struct comm_times *times, struct fl_err *err)
{
	double start = fl_now_s();
	int begun, rc = 0;

	pthread_mutex_lock(&a->lock);
	while (a->finished < a->begun)
		pthread_cond_wait(&a->done, &a->lock);
	begun = a->begun;
	a->begun = a->finished = 0;
	times->comm_s = a->comm_s;
	a->comm_s = 0;
	if (a->err.code != 0) {
		*err = a->err;
		rc = err->code;
	}
	a->err = (struct fl_err)FL_ERR_INIT;
	pthread_mutex_unlock(&a->lock);
	/* Without the lock: the thread has nothing left to do until the next
	 * begin. */
	for (int i = 0; i < begun; i++)
		if (a->ranges[i].host != a->ranges[i].values)
			dev_write(q, a->ranges[i].values, a->ranges[i].host,
				  a->ranges[i].count * sizeof(float));
	a->copied = 0;
	times->wait_s = fl_now_s() - start;
	return rc;
}

/* loader_open.c - opening and closing the loader: its slots, threads and tapes.
 * Called by training once, by every evaluation anew; closing stops the threads
 * wherever they are, so an error of the caller leaves none behind. */
#include "data/loader_priv.h"

#include "agent/lines.h"
#include "base/arena.h"
#include "base/log.h"

#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Room for the boxes of the fullest image; pixels come with the first batch,
 * whose size only then is drawn. */
static void open_slots(struct loader *l)
{
	size_t n = (size_t)l->n, most = 1;

	for (int i = 0; i < l->data->count; i++)
		if ((size_t)l->data->images[i].count > most)
			most = (size_t)l->data->images[i].count;
	for (int i = 0; i <= LOADER_AHEAD; i++) {
		struct batch *b = &l->slots[i].batch;

		b->n = l->n;
		b->most = (int)most;
		b->boxes = fl_calloc(n * most, 4 * sizeof(float));
		b->labels = fl_calloc(n * most, sizeof(int));
		b->counts = fl_calloc(n, sizeof(int));
		b->index = fl_calloc(n, sizeof(int));
		b->size = fl_calloc(n, sizeof(*b->size));
		b->scale_factor = fl_calloc(n, 2 * sizeof(float));
		l->slots[i].wanted = fl_calloc(n, sizeof(int));
		l->slots[i].taped = fl_calloc(n, sizeof(struct tape_image));
	}
}

/* Signals are the main thread's business: none is to interrupt a worker. Fewer
 * threads than asked for are enough, as long as there is one. */
static int start_threads(struct loader *l, int threads, struct fl_err *err)
{
	sigset_t all, old;
	int status = 0;

	threads = threads < 1			 ? 1
		  : threads > LOADER_MAX_THREADS ? LOADER_MAX_THREADS
						 : threads;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (status == 0 && l->thread_count < threads) {
		status = pthread_create(&l->threads[l->thread_count], NULL,
					loader_work, l);
		l->thread_count += status == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (l->thread_count > 0)
		return 0;
	return fl_fail(err, FL_EINTERNAL, "cannot start a loader thread: %s",
		       strerror(status));
}

/* The last step of both openings: whatever fails here closes all of it
 * again. */
static int start(struct loader *l, int threads, struct loader **out,
		 struct fl_err *err)
{
	int rc;

	pthread_mutex_init(&l->lock, NULL);
	pthread_cond_init(&l->work, NULL);
	pthread_cond_init(&l->ready, NULL);
	l->bad = fl_calloc((size_t)l->data->count + 1, sizeof(bool));
	open_slots(l);
	rc = start_threads(l, threads, err);
	if (rc != 0)
		loader_close(l);
	else
		*out = l;
	return rc;
}

/* The tape must hold the step that comes first: to end before the first step
 * would look like a run that is done. */
static int open_tapes(struct loader *l, const struct loader_tapes *tapes,
		      struct fl_err *err)
{
	struct tape_batch first;
	char path[PATH_MAX];
	int rc = 0;

	if (tapes->replay)
		rc = tape_read(tapes->replay, l->reader, l->data, l->world,
			       l->sampler.steps, &l->replay, err);
	if (l->replay &&
	    !tape_find_batch(l->replay, l->epoch, l->step, l->rank, &first))
		rc = fl_fail(
			err, FL_EDATA,
			"'%s' does not hold step %d of epoch %d, where this run begins",
			tapes->replay, l->step, l->epoch);
	if (rc != 0 || !tapes->record)
		return rc;
	if (l->rank == 0)
		snprintf(path, sizeof(path), "%s", tapes->record);
	else
		/* Each rank records its own images; the first one's file has
		 * the given name. */
		snprintf(path, sizeof(path), "%s.%d", tapes->record, l->rank);
	return tape_record_open(path, &l->record, err);
}

static void close_tapes(struct loader *l)
{
	tape_free(l->replay);
	tape_record_close(l->record);
}

/* The word of this job: fleetrun's, or that of another launcher's PMIx. */
static const char *job_word(void)
{
	const char *word = getenv(AGENT_JOB_VARIABLE);

	if (!word || !*word)
		word = getenv("PMIX_NAMESPACE");
	return word ? word : "";
}

/* A cache is worth a warning where it cannot be made, and never a run. */
static void open_cache(struct loader *l, int mib)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str said = FL_STR_INIT;
	struct picture_cache_state state;

	if (picture_cache_open(PICTURE_CACHE_ROOT, job_word(), l->data, mib,
			       &l->cache, &err) != 0) {
		fl_str_addf(
			&said,
			"cache_mb: %s; every picture is decoded each time\n",
			err.text);
	} else {
		state = picture_cache_state(l->cache);
		/* Less than was asked for is no error, but who reads the pace
		 * should know. */
		if (state.limit >> 20 < mib)
			fl_str_addf(
				&said,
				"cache_mb: of %d MiB the machine has room for %lld\n",
				mib, (long long)(state.limit >> 20));
	}
	fl_warn_lines(&said);
	fl_str_release(&said);
}

static void close_cache(struct loader *l)
{
	struct picture_cache_state state;

	if (!l->cache)
		return;
	state = picture_cache_state(l->cache);
	fl_info("%d of %d pictures were kept decoded, %lld of %lld MiB%s",
		state.pictures, l->data->count, (long long)(state.bytes >> 20),
		(long long)(state.limit >> 20),
		state.full ? ", no room for more" : "");
	picture_cache_close(l->cache);
}

/* In 64 bits, since the product of batch and rank overflows int first. Shares
 * differ by one image at most and add up to global. */
int loader_share(int rank, int world, int global)
{
	return (int)((int64_t)global * (rank + 1) / world -
		     (int64_t)global * rank / world);
}

int loader_open_train(const struct recipe *r, const struct dataset *data,
		      int rank, int world, int global, int threads, int epoch,
		      int step, const struct loader_tapes *tapes,
		      struct loader **out, struct fl_err *err)
{
	const struct data_options *o = data_options(r);
	struct loader *l = fl_calloc(1, sizeof(*l));
	int rc = sampler_open_share(&l->sampler, o->sampler, (uint64_t)r->seed,
				    data->count, rank, world, global, err);

	if (rc != 0) {
		free(l);
		return rc;
	}
	l->reader = &o->train_reader;
	l->data = data;
	l->train = true;
	l->shared_size = o->shared_size;
	l->seed = (uint64_t)r->seed;
	/* This rank's images of a step; the others take theirs from the same
	 * order. */
	l->n = loader_share(rank, world, global);
	l->rank = rank;
	l->world = world;
	l->epoch = epoch;
	l->step = step;
	/* Before the threads: what is wrong with a tape ends the start. */
	if (tapes)
		rc = open_tapes(l, tapes, err);
	if (rc != 0) {
		close_tapes(l);
		sampler_close(&l->sampler);
		free(l);
		return rc;
	}
	if (o->cache_mb > 0)
		open_cache(l, o->cache_mb);
	return start(l, threads, out, err);
}

int loader_open_eval(const struct reader_options *reader,
		     const struct dataset *data, int n, int first, int stride,
		     int threads, struct loader **out, struct fl_err *err)
{
	struct loader *l = fl_calloc(1, sizeof(*l));

	l->reader = reader;
	l->data = data;
	l->n = n;
	l->eval_at = first;
	l->eval_stride = stride;
	return start(l, threads, out, err);
}

void loader_close(struct loader *l)
{
	if (!l)
		return;
	pthread_mutex_lock(&l->lock);
	l->stop = true;
	pthread_cond_broadcast(&l->work);
	pthread_mutex_unlock(&l->lock);
	/* Each worker ends the picture that it is at. */
	for (int i = 0; i < l->thread_count; i++)
		pthread_join(l->threads[i], NULL);
	for (int i = 0; i <= LOADER_AHEAD; i++) {
		struct batch *b = &l->slots[i].batch;

		free(b->image);
		free(b->boxes);
		free(b->labels);
		free(b->counts);
		free(b->index);
		free(b->size);
		free(b->scale_factor);
		free(l->slots[i].wanted);
		free(l->slots[i].taped);
	}
	pthread_cond_destroy(&l->work);
	pthread_cond_destroy(&l->ready);
	pthread_mutex_destroy(&l->lock);
	sampler_close(&l->sampler);
	close_tapes(l);
	close_cache(l);
	free(l->bad);
	free(l->found);
	free(l);
}

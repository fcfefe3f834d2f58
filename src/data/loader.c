#include "data/loader.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/par.h"
#include "data/tape.h"
#include "data/transform.h"
#include "image/image.h"

#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_THREADS 64

struct slot {
	struct batch batch;
	size_t image_cap;
	int size, interp;	  /* of the batch, drawn */
	int left;		  /* images that are not finished */
	int *wanted;		  /* places in the data set */
	struct tape_image *taped; /* [n] what was drawn */
};

struct loader {
	const struct recipe_reader *reader;
	const struct dataset *data;
	struct sampler sampler;
	bool train, shared_size;
	uint64_t seed;
	int n, rank, world;
	int eval_at, eval_stride;
	struct tape *replay;
	struct tape_record *record;
	bool ended;
	struct slot slots[LOADER_AHEAD + 1];
	pthread_t threads[MAX_THREADS];
	int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	/* under the lock */
	long made;	 /* batches whose contents are settled */
	long claimed;	 /* images claimed, counted over all batches */
	long taken;	 /* batches handed out */
	int epoch, step; /* of the next batch to be settled */
	bool stop;
	bool *bad; /* [data->count]: named already */
	struct bad_picture *found;
	int found_count, found_cap, found_taken;
	struct fl_err failed;
};

static struct slot *slot_of(struct loader *l, long batch)
{
	return &l->slots[batch % (LOADER_AHEAD + 1)];
}

/* False where the tape to replay ends. */
static bool draw_size(struct loader *l, struct slot *s)
{
	uint64_t where = (uint64_t)l->step;
	struct tape_batch taped;
	struct fl_rng rng;

	if (l->replay) {
		if (!tape_find_batch(l->replay, l->epoch, l->step, l->rank,
				     &taped))
			return false;
		s->size = taped.size;
		s->interp = taped.interp;
		return true;
	}
	if (!l->shared_size) /* each rank draws for itself */
		where |= (uint64_t)(l->rank + 1) << 40;
	rng = fl_rng_open(l->seed, FL_RNG_RESIZE, (uint64_t)l->epoch, where);
	draws_batch(l->reader, &rng, &s->size, &s->interp);
	return true;
}

/* Which images the next batch holds and how large they become. Under the
 * lock; false at the end of an evaluation or a replay. */
static bool settle(struct loader *l, struct slot *s)
{
	struct batch *b = &s->batch;
	size_t need;

	s->size = 0;
	s->interp = l->reader->interp;
	if (l->train) {
		sampler_step(&l->sampler, l->epoch, l->step, s->wanted);
		if (!draw_size(l, s))
			return false;
	} else {
		if (l->eval_at >= l->data->count)
			return false;
		for (int i = 0; i < l->n; i++, l->eval_at += l->eval_stride)
			s->wanted[i] =
				l->eval_at < l->data->count ? l->eval_at : -1;
	}
	b->epoch = l->epoch;
	b->step = l->step;
	b->h = l->reader->sizes[s->size][0];
	b->w = l->reader->sizes[s->size][1];
	need = (size_t)l->n * (size_t)b->h * (size_t)b->w * 3;
	if (need > s->image_cap) {
		free(b->image);
		b->image = fl_malloc(need * sizeof(float));
		s->image_cap = need;
	}
	memcpy(b->index, s->wanted, (size_t)l->n * sizeof(int));
	s->left = l->n;
	if (++l->step == l->sampler.steps && l->train) {
		l->step = 0;
		l->epoch++;
	}
	return true;
}

/* One worker's buffers. */
struct worker {
	struct loader *l;
	struct image picture;
	struct transform transform;
	struct sample_box *boxes;
};

static void mark_bad(struct loader *l, int index, const struct fl_err *err)
{
	struct bad_picture *b;

	pthread_mutex_lock(&l->lock);
	if (!l->bad[index]) {
		l->bad[index] = true;
		if (l->found_count == l->found_cap) {
			l->found_cap = l->found_cap ? 2 * l->found_cap : 16;
			l->found = fl_realloc(l->found, (size_t)l->found_cap *
								sizeof(*b));
		}
		b = &l->found[l->found_count++];
		memset(b, 0, sizeof(*b)); /* travels between ranks */
		b->index = index;
		snprintf(b->why, sizeof(b->why), "%s", err->text);
	}
	pthread_mutex_unlock(&l->lock);
}

/* The loader ends with this error. */
static void fail(struct loader *l, const struct fl_err *err)
{
	pthread_mutex_lock(&l->lock);
	if (l->failed.code == 0)
		l->failed = *err;
	pthread_cond_broadcast(&l->ready);
	pthread_mutex_unlock(&l->lock);
}

/* Under the lock. */
static int none_left(const struct loader *l, struct fl_err *err)
{
	return fl_fail(
		err, FL_EDATA,
		"none of the %d images can be decoded (%s); 'flotilla data check' tells more",
		l->data->count, l->found[0].why);
}

/* Decode the wanted picture or the first good one behind it. In evaluation a
 * bad one has no replacement: -1. One that was bad is tried again: it may have
 * been looked at while somebody wrote it. */
static int decode(struct worker *w, int index)
{
	struct loader *l = w->l;
	struct fl_err err = FL_ERR_INIT;

	for (int tries = 0; tries < l->data->count; tries++) {
		struct fl_err bad = FL_ERR_INIT;

		if (image_read(l->data->images[index].path, &w->picture,
			       &bad) == 0)
			return index;
		mark_bad(l, index, &bad);
		if (!l->train)
			return -1;
		index = (index + 1) % l->data->count;
	}
	pthread_mutex_lock(&l->lock);
	none_left(l, &err);
	pthread_mutex_unlock(&l->lock);
	fail(l, &err);
	return -1;
}

/* Draws of an image, new or from the tape, and its boxes moved by them; returns
 * how many are left. */
static int draw(struct worker *w, const struct batch *b, int index, int count,
		struct draws *d)
{
	struct loader *l = w->l;
	int width = w->picture.w, height = w->picture.h;
	struct fl_err err = FL_ERR_INIT;
	struct fl_rng rng;

	if (!l->replay) {
		rng = fl_rng_open(l->seed, FL_RNG_AUGMENT, (uint64_t)b->epoch,
				  (uint64_t)index);
		return draws_make(d, l->reader, &rng, width, height, w->boxes,
				  count);
	}
	if (tape_find_image(l->replay, b->epoch, b->step,
			    l->data->images[index].id, width, height, d,
			    &err) != 0) {
		fail(l, &err);
		draws_none(d, width, height);
	}
	return draws_apply(d, w->boxes, count, width, height);
}

static void train_image(struct worker *w, struct slot *s, int at, int index,
			float *dst)
{
	struct loader *l = w->l;
	const struct data_image *im = &l->data->images[index];
	struct batch *b = &s->batch;
	struct draws d;
	int count = im->count;

	for (int i = 0; i < count; i++) {
		memcpy(w->boxes[i].v, im->boxes[i], sizeof(w->boxes[i].v));
		w->boxes[i].label = im->classes[i];
	}
	count = draw(w, b, index, count, &d);
	s->taped[at] =
		(struct tape_image){ im->id, w->picture.w, w->picture.h, d };
	boxes_resize(w->boxes, count, d.crop_w, d.crop_h, b->w, b->h);
	transform_train(&w->transform, l->reader, &w->picture, &d, s->interp,
			b->w, b->h, dst);
	b->counts[at] = count;
	for (int i = 0; i < count; i++) {
		memcpy(b->boxes + (at * b->most + i) * 4, w->boxes[i].v,
		       sizeof(w->boxes[i].v));
		b->labels[at * b->most + i] = w->boxes[i].label;
	}
}

static void make_image(struct worker *w, struct slot *s, int at)
{
	struct batch *b = &s->batch;
	size_t floats = (size_t)b->h * (size_t)b->w * 3;
	float *dst = b->image + (size_t)at * floats;
	int index = s->wanted[at] < 0 ? -1 : decode(w, s->wanted[at]);

	b->index[at] = index;
	b->counts[at] = 0;
	s->taped[at].id = -1;
	if (index < 0) {
		memset(dst, 0, floats * sizeof(float));
		return;
	}
	b->size[at][0] = w->picture.w;
	b->size[at][1] = w->picture.h;
	b->scale_factor[2 * at] = (float)b->h / (float)w->picture.h;
	b->scale_factor[2 * at + 1] = (float)b->w / (float)w->picture.w;
	if (w->l->train)
		train_image(w, s, at, index, dst);
	else
		transform_eval(&w->transform, w->l->reader, &w->picture, b->w,
			       b->h, dst);
}

/* Claim the next image of the batches ahead; settles a batch when the claim
 * enters it. Under the lock. */
static bool claim(struct loader *l, struct slot **s, int *at)
{
	long batch = l->claimed / l->n;

	if (batch == l->made) {
		/* the slot of a batch still in use is not free */
		if (l->ended || batch >= l->taken + LOADER_AHEAD)
			return false;
		if (!settle(l, slot_of(l, batch))) {
			l->ended = true;
			pthread_cond_broadcast(&l->ready);
			return false;
		}
		l->made++;
	}
	*s = slot_of(l, batch);
	*at = (int)(l->claimed++ % l->n);
	return true;
}

static void *work(void *arg)
{
	struct worker w = { .l = arg };
	struct loader *l = arg;
	int most = 1;

	fl_cores_all();
	for (int i = 0; i < l->data->count; i++)
		most = l->data->images[i].count > most
			       ? l->data->images[i].count
			       : most;
	w.boxes = fl_calloc((size_t)most, sizeof(*w.boxes));
	fl_flush_denormals();
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		struct slot *s;
		int at;

		if (!claim(l, &s, &at)) {
			pthread_cond_wait(&l->work, &l->lock);
			continue;
		}
		pthread_mutex_unlock(&l->lock);
		make_image(&w, s, at);
		pthread_mutex_lock(&l->lock);
		if (--s->left == 0)
			pthread_cond_broadcast(&l->ready);
	}
	pthread_mutex_unlock(&l->lock);
	free(w.boxes);
	image_release(&w.picture);
	transform_release(&w.transform);
	return NULL;
}

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

/* Signals are the main thread's business. */
static int start_threads(struct loader *l, int threads, struct fl_err *err)
{
	sigset_t all, old;
	int status = 0;

	threads = threads < 1		  ? 1
		  : threads > MAX_THREADS ? MAX_THREADS
					  : threads;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &old);
	while (status == 0 && l->thread_count < threads) {
		status = pthread_create(&l->threads[l->thread_count], NULL,
					work, l);
		l->thread_count += status == 0;
	}
	pthread_sigmask(SIG_SETMASK, &old, NULL);
	if (l->thread_count > 0)
		return 0;
	return fl_fail(err, FL_EINTERNAL, "cannot start a loader thread: %s",
		       strerror(status));
}

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
		snprintf(path, sizeof(path), "%s.%d", tapes->record, l->rank);
	return tape_record_open(path, &l->record, err);
}

static void close_tapes(struct loader *l)
{
	tape_free(l->replay);
	tape_record_close(l->record);
}

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
	struct loader *l = fl_calloc(1, sizeof(*l));
	int rc = sampler_open_share(&l->sampler, r->sampler, (uint64_t)r->seed,
				    data->count, rank, world, global, err);

	if (rc != 0) {
		free(l);
		return rc;
	}
	l->reader = &r->train_reader;
	l->data = data;
	l->train = true;
	l->shared_size = r->shared_size;
	l->seed = (uint64_t)r->seed;
	l->n = loader_share(rank, world, global);
	l->rank = rank;
	l->world = world;
	l->epoch = epoch;
	l->step = step;
	if (tapes)
		rc = open_tapes(l, tapes, err);
	if (rc != 0) {
		close_tapes(l);
		sampler_close(&l->sampler);
		free(l);
		return rc;
	}
	return start(l, threads, out, err);
}

int loader_open_eval(const struct recipe_reader *reader,
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
	free(l->bad);
	free(l->found);
	free(l);
}

/* Was every picture of an evaluation bad? Under the lock. */
static bool hopeless(const struct loader *l)
{
	return !l->train && l->found_count > 0 &&
	       l->found_count == l->data->count;
}

static int record_batch(struct loader *l, const struct slot *s,
			struct fl_err *err)
{
	struct tape_batch b = { s->batch.epoch, s->batch.step,
				l->shared_size ? -1 : l->rank, s->size,
				s->interp };

	return tape_record_put(l->record, l->reader, &b, s->taped, l->n, err);
}

int loader_begin_record(struct loader *l, struct fl_err *err)
{
	return l->record ? tape_record_begin(l->record, err) : 0;
}

int loader_next(struct loader *l, struct batch **out, double *waited_s,
		struct fl_err *err)
{
	double start = fl_now_s();
	struct slot *s;
	int rc = 0;

	*out = NULL;
	pthread_mutex_lock(&l->lock);
	s = slot_of(l, l->taken);
	while (!hopeless(l) && l->failed.code == 0 &&
	       !(l->made > l->taken && s->left == 0) &&
	       !(l->ended && l->made == l->taken)) {
		pthread_cond_broadcast(&l->work);
		pthread_cond_wait(&l->ready, &l->lock);
	}
	if (l->failed.code != 0) {
		*err = l->failed;
		rc = err->code;
	} else if (hopeless(l)) {
		rc = none_left(l, err);
	} else if (l->made > l->taken) {
		*out = &s->batch;
		l->taken++;
		pthread_cond_broadcast(&l->work);
	}
	pthread_mutex_unlock(&l->lock);
	if (*out && l->record)
		rc = record_batch(l, s, err);
	*waited_s = fl_now_s() - start;
	return rc;
}

int loader_steps_per_epoch(const struct loader *l)
{
	return l->sampler.steps;
}

int loader_take_bad(struct loader *l, struct bad_picture *out, int room)
{
	int n;

	pthread_mutex_lock(&l->lock);
	n = l->found_count - l->found_taken;
	n = n < room ? n : room;
	if (n > 0)
		memcpy(out, l->found + l->found_taken,
		       (size_t)n * sizeof(*out));
	l->found_taken += n;
	pthread_mutex_unlock(&l->lock);
	return n;
}

/* loader.c - the ring of batches: which images come next, handed out to the
 * workers one by one and to the training thread batch by batch. The workers
 * call loader_claim(), the training thread everything else. A batch goes
 * through four states, counted and not stored: settled (made), claimed image by
 * image, done (left is 0), taken; its slot is free again when the next one is
 * taken. */
#include "data/loader_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "data/transform.h"

#include <stdlib.h>
#include <string.h>

/* One slot more than batches ahead: the batch in use keeps its own. */
static struct slot *slot_of(struct loader *l, long batch)
{
	return &l->slots[batch % (LOADER_AHEAD + 1)];
}

/* False where the tape to replay ends. Size and interpolation have a stream of
 * their own, so that they do not hang on how many images were drawn before. */
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
	/* The first epochs meet every size; from then on nothing is
	 * allocated. */
	need = (size_t)l->n * (size_t)b->h * (size_t)b->w * 3;
	if (need > s->image_cap) {
		free(b->image);
		b->image = fl_malloc(need * sizeof(float));
		s->image_cap = need;
	}
	memcpy(b->index, s->wanted, (size_t)l->n * sizeof(int));
	s->left = l->n;
	/* An evaluation has no epochs and ends above. */
	if (++l->step == l->sampler.steps && l->train) {
		l->step = 0;
		l->epoch++;
	}
	return true;
}

bool loader_claim(struct loader *l, struct slot **s, int *at)
{
	long batch = l->claimed / l->n;

	if (batch == l->made) {
		/* the slot of a batch still in use is not free */
		if (l->ended || batch >= l->taken + LOADER_AHEAD)
			return false;
		/* Who waits for a batch has to hear that none comes. */
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

int loader_none_left(const struct loader *l, struct fl_err *err)
{
	return fl_fail(
		err, FL_EDATA,
		"none of the %d images can be decoded (%s); 'flotilla data check' tells more",
		l->data->count, l->found[0].why);
}

/* Was every picture of an evaluation bad? Under the lock. (A training finds it
 * out by itself, when a worker has gone round the whole data set.) */
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
	/* Until there is an error, a finished batch, or the end. The slot is
	 * that of the batch to be taken, so 'left' counts only once it is
	 * made. */
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
		rc = loader_none_left(l, err);
	} else if (l->made > l->taken) {
		*out = &s->batch;
		/* A slot has become free, for the workers that found none. */
		l->taken++;
		pthread_cond_broadcast(&l->work);
	}
	pthread_mutex_unlock(&l->lock);
	/* In order of batches, which workers do not finish in. */
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

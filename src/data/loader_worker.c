/* loader_worker.c - one worker of the loader: decodes a picture, moves its
 * boxes and makes its part of a batch. Runs on threads that loader_open.c
 * starts; it holds the lock only to claim, so that decoding runs side by side.
 * Each image writes its own places of the batch, which nobody reads before left
 * is 0. */
#include "data/loader_priv.h"

#include "base/arena.h"
#include "base/cores.h"
#include "base/par.h"
#include "data/cubic.h"
#include "data/transform.h"
#include "image/image.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One worker's buffers. */
struct worker {
	struct loader *l;
	struct image picture, fitted;
	struct transform transform;
	struct sample_box *boxes;
};

/* Once for each picture: it is told by all ranks together
 * (detect/bad_images.c). */
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

/* The loader ends with this error: the first one, which loader_next()
 * returns. */
static void fail(struct loader *l, const struct fl_err *err)
{
	pthread_mutex_lock(&l->lock);
	if (l->failed.code == 0)
		l->failed = *err;
	pthread_cond_broadcast(&l->ready);
	pthread_mutex_unlock(&l->lock);
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

		/* A copy: the colour steps change the pixels. */
		if (picture_cache_get(l->cache, index, &w->picture))
			return index;
		if (image_read(l->data->images[index].path, &w->picture,
			       &bad) == 0) {
			picture_cache_put(l->cache, index, &w->picture);
			return index;
		}
		mark_bad(l, index, &bad);
		if (!l->train)
			return -1;
		/* The next in order of the data set, whichever thread or rank
		 * meets it. */
		index = (index + 1) % l->data->count;
	}
	pthread_mutex_lock(&l->lock);
	loader_none_left(l, &err);
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
		/* A stream for each picture and epoch: its draws do not depend
		 * on threads, ranks or the step in which it is met. */
		rng = fl_rng_open(l->seed, FL_RNG_AUGMENT, (uint64_t)b->epoch,
				  (uint64_t)index);
		return draws_make(d, l->reader, &rng, width, height, w->boxes,
				  count);
	}
	if (tape_find_image(l->replay, b->epoch, b->step,
			    l->data->images[index].id, width, height, d,
			    &err) != 0) {
		/* The picture is made nevertheless; loader_next() gives no
		 * batch any more. */
		fail(l, &err);
		draws_none(d, width, height);
	}
	return draws_apply(d, w->boxes, count, width, height);
}

/* The picture, and its boxes, as large as the reader wants it before any draw. */
static void fit(struct worker *w, int count)
{
	struct image other = w->fitted;
	int width, height;

	if (!transform_fit(w->l->reader, &w->picture, &width, &height))
		return;
	boxes_resize(w->boxes, count, w->picture.w, w->picture.h, width,
		     height);
	image_resize_buffer(&other, width, height);
	cubic_resize(&w->picture, width, height, other.rgb);
	/* Both buffers go on to the next picture. */
	w->fitted = w->picture;
	w->picture = other;
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
	fit(w, count);
	count = draw(w, b, index, count, &d);
	/* Before the resize, whose size the batch's own line records. */
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
		/* Not what an earlier batch left there: padding is the same in
		 * every run. */
		memset(dst, 0, floats * sizeof(float));
		return;
	}
	b->size[at][0] = w->picture.w;
	b->size[at][1] = w->picture.h;
	/* As the reference computes it: of the true sizes, height first. */
	b->scale_factor[2 * at] = (float)b->h / (float)w->picture.h;
	b->scale_factor[2 * at + 1] = (float)b->w / (float)w->picture.w;
	if (w->l->train)
		train_image(w, s, at, index, dst);
	else
		transform_eval(&w->transform, w->l->reader, &w->picture, b->w,
			       b->h, dst);
}

void *loader_work(void *arg)
{
	struct worker w = { .l = arg };
	struct loader *l = arg;
	int most = 1;

	/* The thread that made us may be bound to one core (OpenMP's variables
	 * do that before main); workers may run on all that the process has. */
	fl_cores_all();
	for (int i = 0; i < l->data->count; i++)
		most = l->data->images[i].count > most
			       ? l->data->images[i].count
			       : most;
	w.boxes = fl_calloc((size_t)most, sizeof(*w.boxes));
	/* As the compute threads have it. */
	fl_flush_denormals();
	pthread_mutex_lock(&l->lock);
	while (!l->stop) {
		struct slot *s;
		int at;

		if (!loader_claim(l, &s, &at)) {
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
	image_release(&w.fitted);
	transform_release(&w.transform);
	return NULL;
}

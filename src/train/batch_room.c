/* What 'batch_size: auto' comes to: how large a batch fits beside everything
 * else. Bytes grow evenly with the batch, so two plans tell where the limit is
 * met and a few more settle the last image. Of free memory a fifth stays: for
 * the decoders, the libraries' own packed weights and whatever else grows while
 * a run goes on. Every rank searches for itself, then all take the smallest
 * answer. */
#include "train/batch_room.h"

#include "base/clock.h"
#include "base/memory.h"
#include "comm/self/self.h"
#include "data/loader.h"
#include "train/engine.h"
#include "data/options.h"
#include "family/family.h"
#include "train/options.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHARE 0.8	  /* of free memory */
#define FLOATS_OF_STATE 8 /* weights, gradients, velocity, averages... */

struct search {
	const struct recipe *recipe;
	struct dev *dev;
	struct model *model;
	struct batch_room *room;
};

/* What a batch takes, of the limit at hand. */
static int bytes_of(const struct search *s, int batch, double *bytes,
		    struct fl_err *err)
{
	const struct plan_key key =
		plan_key_make(PLAN_TRAIN, recipe_precision(s->recipe), batch,
			      s->room->height, s->room->width);
	double pixels = (double)key.height * key.width;
	size_t plan = 0; /* where it cannot be made */
	int rc = plans_measure(s->model->graph, s->dev, &key, &plan, err);

	*bytes = (double)plan;
	/* memory_limit speaks of activations alone, so the loader's batches
	 * count only against free memory; a card has no loader. */
	if (!s->room->stated && s->dev->info.host_memory)
		*bytes +=
			(LOADER_AHEAD + 1) * batch * pixels * 3 * sizeof(float);
	return rc;
}

/* The limit of one rank in bytes: as stated, or the share of the free memory
 * that its machine's ranks leave to each, less what the state will take. */
static void set_limit(struct search *s, int local_ranks)
{
	const struct graph *g = s->model->graph;
	bool host = s->dev->info.host_memory;
	int64_t free_bytes =
		host ? fl_memory_free() : (int64_t)s->dev->info.free;
	struct batch_room *room = s->room;

	room->stated = run_options(s->recipe)->memory_limit > 0;
	if (room->stated)
		room->limit = run_options(s->recipe)->memory_limit * 0x1p20;
	else if (free_bytes == INT64_MAX) /* the system does not say */
		room->limit = INFINITY;
	else
		room->limit =
			SHARE * (double)free_bytes /
				(host && local_ranks > 0 ? local_ranks : 1) -
			FLOATS_OF_STATE * (double)g->flat_count * sizeof(float);
}

/* FL_ERECIPE, with what one image takes and what there is. */
static int refuse(const struct batch_room *room, struct fl_err *err)
{
	return fl_fail(
		err, FL_ERECIPE,
		"batch_size auto: not one image of %dx%d fits: "
		"it takes %.0f MiB of the %.0f that %s leaves; make room, or train at smaller sizes",
		room->width, room->height, room->bytes / 0x1p20,
		fmax(0, room->limit) / 0x1p20,
		room->stated ? "memory_limit" : "the machine's free memory");
}

/* The largest batch of this rank alone. */
static int search(struct search *s, struct fl_err *err)
{
	struct batch_room *room = s->room;
	double one, two, bytes;
	int lo = 1, hi = room->most, guess;
	int rc = bytes_of(s, 1, &one, err);

	room->batch = 1;
	room->bytes = one;
	if (rc == 0 && one > room->limit)
		return refuse(room, err);
	if (rc != 0 || hi == 1)
		return rc;
	rc = bytes_of(s, 2, &two, err);
	/* A straight line through the first two; without a limit the most is
	 * tried at once. */
	guess = two > one && isfinite(room->limit)
			? (int)fmin(hi, 1 + (room->limit - one) / (two - one))
			: hi;
	/* lo fits; whatever is above hi does not */
	while (rc == 0 && lo < hi) {
		guess = guess <= lo ? lo + 1 : guess > hi ? hi : guess;
		rc = bytes_of(s, guess, &bytes, err);
		if (rc == 0 && bytes <= room->limit) {
			/* One beyond what fits, then one below what does not: near
			 * the line's answer that is a few plans. */
			lo = guess++;
			room->bytes = bytes;
		} else {
			hi = --guess;
		}
	}
	room->batch = lo;
	return rc;
}

/* Of the sizes that a step may draw: the largest settles what fits. */
static void take_largest_size(struct batch_room *room,
			      const struct reader_options *reader)
{
	int n = reader->random_size ? reader->size_count : 1;

	for (int i = 0; i < n; i++) {
		const int *size = reader->sizes[i];

		if (size[0] * size[1] > room->height * room->width) {
			room->height = size[0];
			room->width = size[1];
		}
	}
}

/* Everyone gets the smallest answer; a rank that failed makes it 0. Also a rank
 * that failed comes here, or the others would wait for it. */
static int agree(struct comm *comm, struct batch_room *room, int failed,
		 struct fl_err *err)
{
	int mine = failed ? 0 : room->batch, least = mine;
	size_t total = 0;
	void *all = NULL;
	int rc = comm_gather(comm, &mine, sizeof(mine), &all, &total, err);

	for (size_t i = 0; rc == 0 && i < total / sizeof(int); i++)
		least = ((int *)all)[i] < least ? ((int *)all)[i] : least;
	free(all);
	if (rc == 0)
		rc = comm_broadcast(comm, &least, sizeof(least), err);
	if (rc == 0 && least == 0)
		rc = fl_fail(
			err, FL_ERECIPE,
			"batch_size auto: on another rank not one image fits; its line says more");
	room->batch = least;
	return rc;
}

int batch_room_find(const struct recipe *recipe, struct dev *dev,
		    struct comm *comm, int images, int local_ranks,
		    struct batch_room *room, struct fl_err *err)
{
	struct search s = { .recipe = recipe, .dev = dev, .room = room };
	struct fl_err second = FL_ERR_INIT;
	int rc, agreed;

	*room = (struct batch_room){ 0 };
	/* An epoch is to have some steps, whatever would fit. */
	room->most = images / comm->world / BATCH_ROOM_STEPS;
	room->most = room->most < 1	  ? 1
		     : room->most > 65536 ? 65536
					  : room->most;
	take_largest_size(room, &data_options(recipe)->train_reader);
	rc = family_model(recipe, &s.model, err);
	if (rc == 0) {
		set_limit(&s, local_ranks);
		rc = search(&s, err);
		family_model_free(s.model);
	}
	agreed = agree(comm, room, rc, &second);
	/* Its own failure says more than that another rank failed. */
	if (rc == 0 && agreed != 0) {
		*err = second;
		rc = agreed;
	}
	return rc;
}

int batch_room_line(const struct recipe *recipe, struct dev *dev,
		    struct batch_room_line *out, struct fl_err *err)
{
	struct batch_room room = { 0 };
	struct search s = { .recipe = recipe, .dev = dev, .room = &room };
	double one = 0, two = 0;
	int rc = family_model(recipe, &s.model, err);

	if (rc != 0)
		return rc;
	take_largest_size(&room, &data_options(recipe)->train_reader);
	rc = bytes_of(&s, 1, &one, err);
	if (rc == 0)
		rc = bytes_of(&s, 2, &two, err);
	out->height = room.height;
	out->width = room.width;
	out->picture = two - one;
	out->fixed = one - out->picture +
		     FLOATS_OF_STATE * (double)s.model->graph->flat_count *
			     sizeof(float);
	family_model_free(s.model);
	return rc;
}

int batch_room_time(const struct recipe *recipe, struct dev *dev, int n,
		    int height, int width, int steps, double *seconds,
		    struct fl_err *err)
{
	const struct plan_key key = plan_key_make(
		PLAN_TRAIN, recipe_precision(recipe), n, height, width);
	size_t floats = (size_t)n * (size_t)height * (size_t)width * 3;
	float *image = fl_calloc(floats, sizeof(float));
	float *boxes = fl_calloc((size_t)n * 4, sizeof(float));
	int *labels = fl_calloc((size_t)n, sizeof(int));
	int *counts = fl_calloc((size_t)n, sizeof(int));
	/* No boxes, grey pictures: only the time counts. */
	struct engine_batch b = { n, height, width,  image,
				  1, boxes,  labels, counts };
	struct engine_result result;
	struct engine engine = { 0 };
	/* Alone: what the ranks' sums take is not the batch's. */
	struct comm *comm = comm_self_open();
	struct model *model = NULL;
	int rc = family_model(recipe, &model, err);

	if (rc == 0)
		rc = engine_open(&engine, recipe, model, dev, comm, &key, 1,
				 err);
	/* The first step meets cold caches and pages: it does not count. */
	for (int i = 0; rc == 0 && i < steps; i++) {
		double start = fl_now_s(), took;

		memset(&result, 0, sizeof(result));
		rc = engine_step(&engine, &b, 0, 0, ENGINE_GO_ON, &result, err);
		took = fl_now_s() - start;
		*seconds = i < 2 || took < *seconds ? took : *seconds;
	}
	engine_close(&engine);
	family_model_free(model);
	comm_close(comm);
	free(image);
	free(boxes);
	free(labels);
	free(counts);
	return rc;
}

#include "train/engine.h"

#include "base/clock.h"

#include <string.h>

static float *carve(float **at, size_t floats)
{
	float *p = *at;

	*at += (floats + 15) / 16 * 16;
	return p;
}

static int open_state(struct engine *e, struct fl_err *err)
{
	const struct graph *g = e->model->graph;
	size_t flat = (g->flat_count + 15) / 16 * 16;
	size_t stats = (g->statistic_count + 15) / 16 * 16;
	float *at;
	int rc;

	e->slab_bytes = (5 * flat + 3 * stats) * sizeof(float);
	rc = device_slab_new(e->device, e->slab_bytes, &e->slab, err);
	if (rc != 0)
		return rc;
	at = e->slab;
	e->state.weights = carve(&at, flat);
	e->state.grads = carve(&at, flat);
	e->state.velocity = carve(&at, flat);
	e->state.ema = carve(&at, flat);
	e->used_weights = carve(&at, flat);
	e->state.statistics = carve(&at, stats);
	e->state.ema_statistics = carve(&at, stats);
	e->used_statistics = carve(&at, stats);
	graph_init_params(g, (uint64_t)e->recipe->seed, e->state.weights,
			  e->state.statistics);
	return 0;
}

/* Points of the largest training plan, and its batch. */
static int open_loss(struct engine *e, const struct plan_key *keys, int count,
		     struct fl_err *err)
{
	int images = 1, points = 1;

	for (int i = 0; i < count; i++) {
		int n = 0;

		if (keys[i].mode == PLAN_EVAL)
			continue;
		for (int k = 0; k < MODEL_LEVELS; k++) {
			int s = e->model->strides[k];

			n += ((keys[i].height - 1) / s + 1) *
			     ((keys[i].width - 1) / s + 1);
		}
		points = n > points ? n : points;
		images = keys[i].batch > images ? keys[i].batch : images;
	}
	return loss_open(e->recipe, e->device, images, points, &e->loss, err);
}

/* What is final in the last pass is so for the batch, once the earlier passes'
 * share is added. */
static void grads_ready(void *ctx, size_t end)
{
	struct engine *e = ctx;

	if (e->pass + 1 < e->passes)
		return;
	for (; e->passed && e->added < end; e->added++)
		e->state.grads[e->added] +=
			e->passed_scale * e->passed[e->added];
	buckets_ready(e->buckets, end);
}

int engine_open(struct engine *e, const struct recipe *recipe,
		const struct model *model, const struct device *device,
		struct comm *comm, const struct plan_key *keys, int count,
		struct fl_err *err)
{
	int rc;

	*e = (struct engine){
		.recipe = recipe, .model = model, .device = device, .comm = comm
	};
	e->batch_ranks = comm->world;
	e->passes = 1;
	rc = open_state(e, err);
	if (rc == 0)
		rc = plans_open(model->graph, device, keys, count, &e->plans,
				err);
	if (rc == 0)
		rc = open_loss(e, keys, count, err);
	if (rc == 0)
		rc = buckets_open(comm, model->graph->flat_count,
				  (size_t)(recipe->bucket_mb * 0x1p20),
				  recipe->overlap, &e->buckets, err);
	if (rc != 0) {
		engine_close(e);
		return rc;
	}
	e->run = (struct plan_run){
		.weights = e->state.weights,
		.grads = e->state.grads,
		.statistics = e->state.statistics,
		.comm = recipe->sync_bn && comm->world > 1 ? comm : NULL,
		.equal_ranks = !recipe->shared_size,
		.grads_ready = grads_ready,
		.ctx = e,
	};
	return 0;
}

int engine_set_passes(struct engine *e, int passes, struct fl_err *err)
{
	FL_ASSERT(!e->passed && passes >= 1);
	e->passes = passes;
	if (passes == 1)
		return 0;
	return device_slab_new(e->device,
			       e->model->graph->flat_count * sizeof(float),
			       &e->passed, err);
}

int engine_part(int n, int passes, int pass, int *first)
{
	*first = (int)((int64_t)n * pass / passes);
	return (int)((int64_t)n * (pass + 1) / passes) - *first;
}

void engine_close(struct engine *e)
{
	if (e->passed)
		device_slab_free(e->device, e->passed,
				 e->model->graph->flat_count * sizeof(float));
	buckets_close(e->buckets);
	loss_close(e->loss);
	plans_close(&e->plans);
	if (e->slab)
		device_slab_free(e->device, e->slab, e->slab_bytes);
	*e = (struct engine){ 0 };
}

void engine_use_average(struct engine *e)
{
	const struct graph *g = e->model->graph;
	bool average = e->recipe->use_ema && e->ema.step > 0;
	/* Paddle rounds the divisor to float. */
	float divisor = (float)ema_divisor(e->recipe, &e->ema);
	const float *w = average ? e->state.ema : e->state.weights;
	const float *s =
		average ? e->state.ema_statistics : e->state.statistics;

	for (size_t i = 0; i < g->flat_count; i++)
		e->used_weights[i] = average ? w[i] / divisor : w[i];
	for (size_t i = 0; i < g->statistic_count; i++)
		e->used_statistics[i] = average ? s[i] / divisor : s[i];
}

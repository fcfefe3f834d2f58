/* Opening an engine, its state and its passes; the step itself is step.c. */
#include "train/engine.h"

#include "base/clock.h"

#include <string.h>

static int open_state(struct engine *e, struct fl_err *err)
{
	const struct graph *g = e->model->graph;
	struct state_slab *s = &e->state;
	int rc = state_slab_open(s, g, e->queue, STATE_ALL, err);

	if (rc == 0)
		rc = state_mirror_open(&e->host, s, STATE_ALL, false, err);
	if (rc != 0)
		return rc;
	e->buffers = (struct optim_buffers){
		.weights = s->row[STATE_WEIGHTS],
		.grads = s->row[STATE_GRADS],
		.velocity = s->row[STATE_VELOCITY],
		.ema = s->row[STATE_EMA],
		.statistics = s->row[STATE_STATISTICS],
		.ema_statistics = s->row[STATE_EMA_STATISTICS],
		.squares = s->word,
	};
	graph_init_params(g, (uint64_t)e->recipe->seed,
			  e->host.row[STATE_WEIGHTS],
			  e->host.row[STATE_STATISTICS]);
	return engine_put(e, STATE_MODEL, err);
}

int engine_fetch(struct engine *e, unsigned rows, struct fl_err *err)
{
	return state_fetch(&e->host, &e->state, e->queue, rows, err);
}

int engine_put(struct engine *e, unsigned rows, struct fl_err *err)
{
	return state_put(&e->host, &e->state, e->queue, rows, err);
}

/* Points of the largest training plan, and its batch. */
static int open_loss(struct engine *e, const struct plan_key *keys, int count,
		     struct fl_err *err)
{
	int images = 1, points = 1;

	for (int i = 0; i < count; i++) {
		int n = head_points(&e->model->head, keys[i].height,
				    keys[i].width);

		if (keys[i].mode == PLAN_EVAL)
			continue;
		points = n > points ? n : points;
		images = keys[i].batch > images ? keys[i].batch : images;
	}
	return loss_open(e->recipe, e->dev, images, points, &e->loss, err);
}

/* What is final in the last pass is so for the batch, once the earlier passes'
 * share is added. */
static void grads_ready(void *ctx, size_t end)
{
	struct engine *e = ctx;

	if (e->pass + 1 < e->passes)
		return;
	if (e->passed.data && e->added < end) {
		dev_ops(e->dev)->add(e->queue,
				     (float *)e->passed.data + e->added,
				     end - e->added, e->passed_scale,
				     e->buffers.grads + e->added);
		e->added = end;
	}
	buckets_ready(e->buckets, end);
}

int engine_open(struct engine *e, const struct recipe *recipe,
		const struct model *model, struct dev *dev, struct comm *comm,
		const struct plan_key *keys, int count, struct fl_err *err)
{
	int rc;

	*e = (struct engine){
		.recipe = recipe, .model = model, .dev = dev, .comm = comm
	};
	e->queue = dev_queue(dev, DEV_COMPUTE);
	e->batch_ranks = comm->world;
	e->passes = 1;
	rc = open_state(e, err);
	if (rc == 0)
		rc = plans_open(model->graph, dev, keys, count, &e->plans, err);
	if (rc == 0)
		rc = open_loss(e, keys, count, err);
	if (rc == 0)
		rc = buckets_open(comm, dev, model->graph->flat_count,
				  (size_t)(recipe->bucket_mb * 0x1p20),
				  recipe->overlap, &e->buckets, err);
	if (rc != 0) {
		engine_close(e);
		return rc;
	}
	e->run = (struct plan_run){
		.queue = e->queue,
		.weights = e->buffers.weights,
		.grads = e->buffers.grads,
		.statistics = e->buffers.statistics,
		.comm = recipe->sync_bn && comm->world > 1 ? comm : NULL,
		.equal_ranks = !recipe->shared_size,
		.grads_ready = grads_ready,
		.ctx = e,
	};
	return 0;
}

int engine_set_passes(struct engine *e, int passes, struct fl_err *err)
{
	FL_ASSERT(!e->passed.data && passes >= 1);
	e->passes = passes;
	if (passes == 1)
		return 0;
	return dev_slab_new(e->dev, e->model->graph->flat_count * sizeof(float),
			    DEV_OWN, &e->passed, err);
}

int engine_part(int n, int passes, int pass, int *first)
{
	*first = (int)((int64_t)n * pass / passes);
	return (int)((int64_t)n * (pass + 1) / passes) - *first;
}

void engine_close(struct engine *e)
{
	if (!e->dev)
		return;
	dev_slab_free(e->dev, &e->passed);
	buckets_close(e->buckets);
	loss_close(e->loss);
	plans_close(&e->plans);
	state_mirror_close(&e->host);
	state_slab_close(&e->state);
	*e = (struct engine){ 0 };
}

void engine_use_average(struct engine *e)
{
	static const enum state_row rows[2][3] = {
		{ STATE_USED, STATE_WEIGHTS, STATE_EMA },
		{ STATE_USED_STATISTICS, STATE_STATISTICS,
		  STATE_EMA_STATISTICS },
	};
	bool average = e->recipe->use_ema && e->ema.step > 0;
	/* Paddle rounds the divisor to float. */
	float divisor = (float)ema_divisor(e->recipe, &e->ema);

	for (int i = 0; i < 2; i++) {
		size_t count = state_row_count(&e->state, rows[i][0]);
		float *used = e->state.row[rows[i][0]];
		const float *from = e->state.row[rows[i][average ? 2 : 1]];

		if (average)
			dev_ops(e->dev)->divide(e->queue, from, count, divisor,
						used);
		else
			dev_copy(e->queue, used, from, count * sizeof(float));
	}
}

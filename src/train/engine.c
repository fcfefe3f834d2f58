/* Opening an engine in the order of what depends on what: network with all rows
 * of the state, loss for the largest plan, buckets over the gradients; the step
 * itself is step.c. run.c, probe/ and batch_room.c open one. Taking a batch in
 * passes needs one more slab, for the gradients of those before the last. */
#include "train/engine.h"

#include "family/family.h"
#include "data/options.h"
#include "optim/options.h"
#include "train/options.h"

/* Points of the largest training plan, and its batch. */
static int open_loss(struct engine *e, const struct plan_key *keys, int count,
		     struct fl_err *err)
{
	const struct model *m = e->net.model;
	struct loss_size most = { .images = 1,
				  .points = 1,
				  .classes = m->num_classes };

	for (int i = 0; i < count; i++) {
		int n = head_points(&m->head, keys[i].height, keys[i].width);

		/* The largest points and the largest batch, which may be of
		 * different plans; evaluations have no loss. */
		if (keys[i].mode == PLAN_EVAL)
			continue;
		most.points = n > most.points ? n : most.points;
		most.images = keys[i].batch > most.images ? keys[i].batch
							  : most.images;
	}
	return loss_open(m->family->loss, family_options(e->net.recipe),
			 e->net.dev, &most, &e->loss, err);
}

/* What is final in the last pass is so for the batch, once the earlier passes'
 * share is added. */
static void grads_ready(void *ctx, size_t end)
{
	struct engine *e = ctx;

	/* Nothing may leave before the last pass. */
	if (e->pass + 1 < e->passes)
		return;
	/* Just in time: only what is final now, right before its bucket
	 * goes. */
	if (e->passed.data && e->added < end) {
		dev_ops(e->net.dev)
			->add(e->net.queue, (float *)e->passed.data + e->added,
			      end - e->added, e->passed_scale,
			      e->buffers.grads + e->added);
		e->added = end;
	}
	buckets_ready(e->buckets, end);
}

static void set_buffers(struct engine *e)
{
	const struct recipe *r = e->net.recipe;
	const struct state_slab *s = &e->net.state;
	struct comm *comm = e->net.comm;

	e->buffers = (struct optim_buffers){
		.weights = s->row[STATE_WEIGHTS],
		.grads = s->row[STATE_GRADS],
		.velocity = s->row[STATE_VELOCITY],
		.ema = s->row[STATE_EMA],
		.statistics = s->row[STATE_STATISTICS],
		.ema_statistics = s->row[STATE_EMA_STATISTICS],
		.squares = s->word,
	};
	e->run = (struct plan_run){
		.queue = e->net.queue,
		.weights = e->buffers.weights,
		.grads = e->buffers.grads,
		.statistics = e->buffers.statistics,
		/* sync_bn of one rank is bn, and asks nobody. */
		.comm = run_options(r)->norm == TRAIN_NORM_ALL &&
					comm->world > 1
				? comm
				: NULL,
		/* Sizes that differ by rank are the reference's way, and so is
		 * then the equal weight. */
		.equal_ranks = !data_options(r)->shared_size,
		.grads_ready = grads_ready,
		.ctx = e,
	};
}

int engine_open(struct engine *e, const struct recipe *recipe,
		const struct model *model, struct dev *dev, struct comm *comm,
		const struct plan_key *keys, int count, struct fl_err *err)
{
	int rc;

	*e = (struct engine){ .batch_ranks = comm->world,
			      .passes = 1,
			      .optim = optim_options(recipe) };
	rc = network_open(&e->net, recipe, model, dev, comm, STATE_ALL, keys,
			  count, err);
	if (rc == 0)
		rc = open_loss(e, keys, count, err);
	if (rc == 0)
		rc = buckets_open(
			comm, dev, model->graph->flat_count,
			(size_t)(run_options(recipe)->bucket_mb * 0x1p20),
			run_options(recipe)->overlap, &e->buckets, err);
	if (rc != 0) {
		engine_close(e);
		return rc;
	}
	/* Evaluations take the rows in use, which engine_use_average()
	 * fills. */
	e->net.weights = STATE_USED;
	e->net.statistics = STATE_USED_STATISTICS;
	set_buffers(e);
	return 0;
}

int engine_set_passes(struct engine *e, int passes, struct fl_err *err)
{
	FL_ASSERT(!e->passed.data && passes >= 1);
	e->passes = passes;
	if (passes == 1)
		return 0;
	return dev_slab_new(e->net.dev,
			    e->net.model->graph->flat_count * sizeof(float),
			    DEV_OWN, &e->passed, err);
}

int engine_part(int n, int passes, int pass, int *first)
{
	/* Parts differ by one image at most, and their plans are run_plans()'s
	 * two sizes. */
	*first = (int)((int64_t)n * pass / passes);
	return (int)((int64_t)n * (pass + 1) / passes) - *first;
}

void engine_close(struct engine *e)
{
	/* Nothing was opened, or all is closed. */
	if (!e->net.dev)
		return;
	dev_slab_free(e->net.dev, &e->passed);
	buckets_close(e->buckets);
	loss_close(e->loss);
	network_close(&e->net);
	*e = (struct engine){ 0 };
}

void engine_use_average(struct engine *e)
{
	static const enum state_row rows[2][3] = {
		{ STATE_USED, STATE_WEIGHTS, STATE_EMA },
		{ STATE_USED_STATISTICS, STATE_STATISTICS,
		  STATE_EMA_STATISTICS },
	};
	const struct network *net = &e->net;
	bool average = e->optim->use_ema && e->ema.step > 0;
	/* Paddle rounds the divisor to float. */
	float divisor = (float)ema_divisor(e->optim, &e->ema);

	for (int i = 0; i < 2; i++) {
		size_t count = state_row_count(&net->state, rows[i][0]);
		float *used = net->state.row[rows[i][0]];
		const float *from = net->state.row[rows[i][average ? 2 : 1]];

		if (average)
			dev_ops(net->dev)->divide(net->queue, from, count,
						  divisor, used);
		else
			/* Before the first step the average is nothing yet. */
			dev_copy(net->queue, used, from, count * sizeof(float));
	}
}

#include "train/engine.h"

#include "base/clock.h"

#include <string.h>

/* One training step, from a batch to new weights:
 *
 *  image ─► forward ─► assign ─► Σ scores ─► losses ─► backward ─► momentum ─► EMA
 *              │                  over ranks               │
 *         sync_bn sums                             buckets: gradients averaged
 *         over ranks                               over ranks meanwhile
 */

static struct loss_input loss_input_of(const struct engine *e,
				       const struct plan *plan,
				       const struct engine_batch *b)
{
	struct loss_input in = { .n = b->n,
				 .classes = e->model->num_classes,
				 .most = b->most,
				 .boxes = b->boxes,
				 .labels = b->labels,
				 .counts = b->counts };

	for (int i = 0; i < LOSS_LEVELS; i++) {
		int cls = e->model->cls_logit[i], reg = e->model->reg_logit[i];
		struct tensor t = plan_value(plan, cls);

		in.levels[i] = (struct loss_level){
			.h = t.h,
			.w = t.w,
			.stride = e->model->strides[i],
			.cls = t.data,
			.reg = plan_value(plan, reg).data,
			.dcls = plan_gradient(plan, cls).data,
			.dreg = plan_gradient(plan, reg).data,
		};
	}
	return in;
}

/* The ranks add up their target scores, and on the way who wants to stop. All
 * losses are divided by the mean score sum of a rank, so that the average of
 * the gradients is that of one rank with all images. */
static int normaliser_over_ranks(struct engine *e, double score_sum, bool stop,
				 double *normaliser,
				 struct engine_result *result,
				 struct fl_err *err)
{
	double sums[2] = { score_sum, stop }, world = e->comm->world;
	double start = fl_now_s();
	int rc = comm_sum_doubles(e->comm, sums, 2, err);

	result->sums_s = fl_now_s() - start;
	e->score_sum = sums[0];
	e->stop = (int)sums[1];
	if (e->recipe->shared_size)
		*normaliser = (sums[0] > 1 ? sums[0] : 1) / world;
	else /* as the reference: clamped after the mean */
		*normaliser = sums[0] / world > 1 ? sums[0] / world : 1;
	return rc;
}

/* Each rank's losses are its share; their mean is the loss of the batch. */
static int mean_losses(struct engine *e, struct engine_result *result,
		       struct fl_err *err)
{
	float *losses = result->losses;
	double sums[LOSS_COUNT], start = fl_now_s();
	int rc;

	for (int k = 0; k < LOSS_COUNT; k++)
		sums[k] = (double)losses[k];
	rc = comm_sum_doubles(e->comm, sums, LOSS_COUNT, err);
	result->sums_s += fl_now_s() - start;
	for (int k = 0; k < LOSS_COUNT; k++)
		losses[k] = (float)(sums[k] / e->comm->world);
	return rc;
}

int engine_gradients(struct engine *e, struct plan *plan,
		     const struct engine_batch *batch, int epoch, bool stop,
		     struct engine_result *result, struct fl_err *err)
{
	struct loss_input in = loss_input_of(e, plan, batch);
	struct tensor image = plan_value(plan, e->model->graph->input);
	double score_sum, normaliser, start;
	int rc;

	memcpy(image.data, batch->image, tensor_count(&image) * sizeof(float));
	memset(&e->run.times, 0, sizeof(e->run.times));
	buckets_begin(e->buckets, e->state.grads);
	rc = plan_forward(plan, &e->run, err);
	if (rc != 0)
		return rc;
	start = fl_now_s();
	rc = loss_assign(e->loss, &in, epoch, &score_sum, err);
	if (rc == 0)
		rc = normaliser_over_ranks(e, score_sum, stop, &normaliser,
					   result, err);
	if (rc != 0)
		return rc;
	loss_finish(e->loss, normaliser, result->losses);
	result->loss_s = fl_now_s() - start;
	rc = plan_backward(plan, &e->run, err);
	if (rc == 0)
		rc = buckets_wait(e->buckets, &result->comm, err);
	if (rc == 0 && e->comm->world > 1)
		rc = mean_losses(e, result, err);
	result->times = e->run.times;
	return rc;
}

void engine_update(struct engine *e, double lr, struct engine_result *result)
{
	const struct graph *g = e->model->graph;
	double start = fl_now_s();

	optim_step(g, e->device, e->recipe, &e->state, lr);
	if (e->recipe->use_ema)
		ema_update(g, e->device, e->recipe, &e->state, &e->ema);
	result->optim_s = fl_now_s() - start;
}

int engine_step(struct engine *e, const struct engine_batch *batch, int epoch,
		double lr, bool stop, struct engine_result *result,
		struct fl_err *err)
{
	struct plan_key key = { PLAN_TRAIN, batch->n, batch->h, batch->w };
	struct plan *plan = plans_find(&e->plans, &key);
	int rc;

	FL_ASSERT(plan != NULL);
	rc = engine_gradients(e, plan, batch, epoch, stop, result, err);
	if (rc == 0)
		engine_update(e, lr, result);
	return rc;
}

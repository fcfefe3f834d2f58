/* One training step, from a batch to new weights:
 *
 *  image ─► forward ─► assign ─► Σ scores ─► losses ─► backward ─► momentum ─► EMA
 *              │                  over ranks               │
 *         sync_bn sums                             buckets: gradients averaged
 *         over ranks                               over ranks meanwhile
 */
#include "train/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "data/options.h"
#include "optim/options.h"

#include <string.h>

/* Maps are the plan's, boxes the batch's: nothing is copied. */
static struct loss_input loss_input_of(const struct engine *e,
				       const struct plan *plan,
				       const struct engine_batch *b)
{
	struct loss_input in = { .levels = e->net.model->head.count,
				 .n = b->n,
				 .classes = e->net.model->num_classes,
				 .most = b->most,
				 .boxes = b->boxes,
				 .labels = b->labels,
				 .counts = b->counts };

	head_maps(plan, &e->net.model->head, in.maps);
	return in;
}

/* The ranks add up their target scores, and on the way who wants to end. */
static int scores_over_ranks(struct engine *e, double score_sum,
			     enum engine_wish wish,
			     struct engine_result *result, struct fl_err *err)
{
	/* One collective for all: every rank hears of a wish in the same
	 * step. The place of "go on" has the scores. */
	double sums[ENGINE_WISHES] = { 0 }, start = fl_now_s();
	int rc;

	sums[wish] = 1;
	sums[0] = score_sum;
	rc = comm_sum_doubles(e->net.comm, sums, ENGINE_WISHES, err);
	result->sums_s += fl_now_s() - start;
	e->score_sum += sums[0];
	for (int i = 1; i < ENGINE_WISHES; i++)
		e->wishes[i] = (int)sums[i];
	return rc;
}

/* All losses are divided by the mean score sum of a rank, so that the average of
 * the gradients is that of one rank with all images. */
static double normaliser(const struct engine *e)
{
	double world = e->net.comm->world, sum = e->score_sum;

	if (data_options(e->net.recipe)->shared_size)
		return (sum > 1 ? sum : 1) / world;
	/* as the reference: clamped after the mean */
	return sum / world > 1 ? sum / world : 1;
}

/* Only the last pass knows the sum over all: what earlier ones leave is not
 * divided yet. A value that is a mean takes every pass alike. */
static int finish_losses(struct engine *e, struct engine_result *result,
			 struct fl_err *err)
{
	bool last = e->pass + 1 == e->passes;
	double divisor = last ? normaliser(e) : 1;
	const struct loss_kind *kind = e->loss->kind;
	float losses[LOSS_MOST];
	int rc = loss_finish(e->loss, e->net.queue, divisor, losses, err);

	if (rc != 0)
		return rc;
	e->passed_scale = (float)(1 / divisor);
	for (int k = 0; k < kind->count; k++) {
		float *sum = &result->losses[k];

		if (kind->values[k].mean)
			*sum += losses[k] / (float)e->passes;
		else
			*sum = *sum * e->passed_scale + losses[k];
	}
	return 0;
}

/* Sum of the earlier passes' gradients, not divided yet; grads_ready() adds
 * them. */
static void keep_gradients(struct engine *e)
{
	size_t n = e->net.model->graph->flat_count;

	if (e->pass == 0)
		dev_copy(e->net.queue, e->passed.data, e->buffers.grads,
			 n * sizeof(float));
	else
		dev_ops(e->net.dev)
			->add(e->net.queue, e->buffers.grads, n, 1,
			      e->passed.data);
}

/* Each rank's losses are its share; their mean is the loss of the batch. */
static int mean_losses(struct engine *e, struct engine_result *result,
		       struct fl_err *err)
{
	float *losses = result->losses;
	double sums[LOSS_MOST], start = fl_now_s();
	int count = e->loss->kind->count, rc;

	for (int k = 0; k < count; k++)
		sums[k] = (double)losses[k];
	rc = comm_sum_doubles(e->net.comm, sums, (size_t)count, err);
	result->sums_s += fl_now_s() - start;
	for (int k = 0; k < count; k++)
		losses[k] = (float)(sums[k] / e->net.comm->world);
	return rc;
}

static void begin(struct engine *e, struct engine_result *result)
{
	if (e->pass == 0) {
		*result = (struct engine_result){ .kind = e->loss->kind };
		memset(&e->run.times, 0, sizeof(e->run.times));
		e->score_sum = 0;
	}
	if (e->pass + 1 == e->passes) {
		e->added = 0;
		buckets_begin(e->buckets, e->net.queue, e->buffers.grads);
	}
}

int engine_gradients(struct engine *e, struct plan *plan,
		     const struct engine_batch *batch, int epoch,
		     enum engine_wish wish, struct engine_result *result,
		     struct fl_err *err)
{
	struct loss_input in = loss_input_of(e, plan, batch);
	struct tensor image = plan_value(plan, e->net.model->graph->input);
	double score_sum, start;
	int rc;

	begin(e, result);
	/* The batch may be used again only after the next wait, which
	 * loss_assign() does. */
	dev_write(e->net.queue, image.data, batch->image, tensor_bytes(&image));
	rc = plan_forward(plan, &e->run, err);
	if (rc != 0)
		return rc;
	start = fl_now_s();
	rc = loss_assign(e->loss, e->net.queue, &in, epoch, &score_sum, err);
	if (rc == 0)
		rc = scores_over_ranks(e, score_sum, wish, result, err);
	if (rc == 0)
		rc = finish_losses(e, result, err);
	if (rc != 0)
		return rc;
	result->loss_s += fl_now_s() - start;
	rc = plan_backward(plan, &e->run, err);
	result->times = e->run.times;
	if (rc != 0 || e->pass + 1 < e->passes) {
		if (rc == 0)
			keep_gradients(e);
		return rc;
	}
	rc = buckets_wait(e->buckets, &result->comm, err);
	return rc == 0 && e->net.comm->world > 1 ? mean_losses(e, result, err)
						 : rc;
}

/* Said once: gradients are shortened. */
static void tell_excess(struct engine *e, double excess)
{
	if (excess > 1 && !e->told)
		fl_info("a gradient %.0f times as long as the last ones is "
			"shortened to %g times, here and from now on "
			"(OptimizerBuilder.clip_grad_by_history; with 0 all "
			"pass, as in PaddleDetection)",
			excess * e->optim->clip_history,
			e->optim->clip_history);
	e->told |= excess > 1;
}

int engine_update(struct engine *e, double lr, struct engine_result *result,
		  struct fl_err *err)
{
	const struct graph *g = e->net.model->graph;
	double start = fl_now_s(), excess;
	/* A score sum below 1, where its bound takes over, means a batch with
	 * hardly an object: its short gradient says nothing of the usual. */
	int rc = optim_step(g, e->net.queue, e->optim, &e->buffers, &e->norms,
			    e->score_sum >= 1, lr, &excess, err);

	if (rc != 0)
		return rc;
	tell_excess(e, excess);
	if (e->optim->use_ema)
		ema_update(g, e->net.queue, e->optim, &e->buffers, &e->ema);
	result->optim_s = fl_now_s() - start;
	return 0;
}

static struct engine_batch part_of(const struct engine_batch *b, int passes,
				   int pass)
{
	struct engine_batch part = *b;
	int first;

	part.n = engine_part(b->n, passes, pass, &first);
	part.image += (size_t)first * (size_t)b->h * (size_t)b->w * 3;
	part.boxes += (size_t)first * (size_t)b->most * 4;
	part.labels += (size_t)first * (size_t)b->most;
	part.counts += first;
	return part;
}

int engine_step(struct engine *e, const struct engine_batch *batch, int epoch,
		double lr, enum engine_wish wish, struct engine_result *result,
		struct fl_err *err)
{
	int rc = 0;

	for (e->pass = 0; rc == 0 && e->pass < e->passes; e->pass++) {
		struct engine_batch b = part_of(batch, e->passes, e->pass);
		struct plan_key key = plan_key_make(
			PLAN_TRAIN, recipe_precision(e->net.recipe), b.n, b.h,
			b.w);
		struct plan *plan = plans_find(&e->net.plans, &key);

		/* run_plans() listed every size that a reader draws and a pass
		 * leaves. */
		FL_ASSERT(plan != NULL);
		rc = engine_gradients(e, plan, &b, epoch, wish, result, err);
	}
	e->pass = 0;
	return rc == 0 ? engine_update(e, lr, result, err) : rc;
}

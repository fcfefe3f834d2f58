/* Given batches through training steps, and what happened by name, for
 * tests/golden and whoever compares with the reference: batch 0 in a plan that
 * keeps everything readable, the others as in training. probe_run() reads the
 * batches, opens an engine, walks, and rank 0 writes one file. */
#include "probe/probe.h"

#include "ckpt/safetensors.h"
#include "optim/schedule.h"
#include "probe/probe_priv.h"
#include "detect/state.h"
#include "family/family.h"
#include "detect/weights.h"
#include "tensor/value.h"

#include <stdlib.h>
#include <string.h>

/* Tensors of the result. PP-YOLOE-x has 918, in four sets (gradients, weights,
 * velocity, average); activations and statistics come on top. */
#define MAX_OUT 8192

/* Returns the place of its values, which the caller fills; all of it lives in
 * the sink's arena until the file is written. */
void *probe_put(struct probe_sink *s, const char *name, enum dtype dtype,
		int rank, const int64_t *dims)
{
	struct named_tensor *t = &s->tensors[s->count++];
	size_t count = 1;

	FL_ASSERT(s->count < MAX_OUT);
	*t = (struct named_tensor){ .name = fl_arena_strdup(&s->arena, name),
				    .dtype = dtype,
				    .rank = rank };
	for (int i = 0; i < rank; i++) {
		t->dims[i] = dims[i];
		count *= (size_t)dims[i];
	}
	t->bytes = count * dtype_bytes(dtype);
	t->data = fl_arena_alloc(&s->arena, t->bytes + 1);
	return (void *)(uintptr_t)t->data;
}

static void sink_real(struct probe_sink *s, const char *name, float v)
{
	int64_t one = 1;

	*(float *)probe_put(s, name, DTYPE_F32, 1, &one) = v;
}

/* A tensor's values to the host; t->data points there afterwards. The last
 * pixel of a channel slice has no gap behind it, hence the subtraction. */
static int probe_read(struct dev_queue *q, struct fl_arena *arena,
		      struct tensor *t, struct fl_err *err)
{
	size_t wide = tensor_pixels(t) * (size_t)t->ld - (size_t)(t->ld - t->c);
	size_t bytes = wide * dtype_bytes(t->type);
	void *host = fl_arena_alloc(arena, bytes + 1);
	int rc = dev_fetch(q, host, t->data, bytes, err);

	t->data = host;
	return rc;
}

/* A map in NCHW. */
static int sink_map(struct probe_sink *s, struct dev_queue *q, const char *name,
		    struct tensor t, struct fl_err *err)
{
	int64_t dims[4] = { t.n, t.c, t.h, t.w };
	float *out = probe_put(s, name, DTYPE_F32, 4, dims);
	size_t area = (size_t)t.h * (size_t)t.w;
	int rc = probe_read(q, &s->arena, &t, err);

	for (size_t n = 0; rc == 0 && n < (size_t)t.n; n++)
		for (size_t c = 0; c < (size_t)t.c; c++)
			for (size_t p = 0; p < area; p++)
				*out++ = tensor_get(
					&t, (n * area + p) * (size_t)t.ld + c);
	return rc;
}

/* Each state of a part under its prefix, in the reference's layout. */
static void sink_part(struct probe_sink *s, const struct model *model,
		      const struct state_part *part)
{
	struct named_tensor *list;
	size_t n = state_describe(model, part, &s->arena, &list);

	for (size_t i = 0; i < n; i++)
		state_export(model, part, list[i].name,
			     probe_put(s, list[i].name, DTYPE_F32, list[i].rank,
				       list[i].dims));
}

/* Values that the family gave a probe name, which is the reference's. */
static int sink_activations(struct probe_sink *s, struct dev_queue *q,
			    const struct plan *plan, const struct graph *g,
			    struct fl_err *err)
{
	int rc = 0;

	for (int v = 0; rc == 0 && v < g->value_count; v++) {
		const char *name = g->values[v].probe;

		if (!name)
			continue;
		rc = sink_map(s, q, fl_arena_printf(&s->arena, "act.%s", name),
			      plan_value(plan, v), err);
		if (rc == 0)
			rc = sink_map(s, q,
				      fl_arena_printf(&s->arena, "act_grads.%s",
						      name),
				      plan_gradient(plan, v), err);
	}
	return rc;
}

/* As they are after the forward of batch 0, before any other step. */
static void sink_statistics(struct probe_sink *s, const struct engine *e)
{
	const float *from = e->net.host.row[STATE_STATISTICS];

	for (int i = 0; i < e->net.model->state_count; i++) {
		const struct model_state *st = &e->net.model->states[i];
		int64_t n = (int64_t)model_state_count(st);

		if (!st->param || !graph_role_is_statistic(st->param->role))
			continue;
		memcpy(probe_put(s,
				 fl_arena_printf(&s->arena, "bn.%s", st->name),
				 DTYPE_F32, 1, &n),
		       from + st->param->offset, (size_t)n * sizeof(float));
	}
}

/* Of all levels, at this batch's size: the assignment counts by it. */
static int total_points(const struct engine *e, const struct probe_batch *b)
{
	return head_points(&e->net.model->head, b->batch.h, b->batch.w);
}

/* The reference has these as [B, points] and [B, points, classes] tensors: one
 * score at the assigned class, zero elsewhere. */
static void sink_assignment(struct probe_sink *s, const struct engine *e,
			    const struct probe_batch *b)
{
	int n = b->batch.n, points = total_points(e, b);
	int classes = e->net.model->num_classes;
	int64_t dims[3] = { n, points, 4 }, all[3] = { n, points, classes };
	int32_t *labels = probe_put(s, "assign.labels", DTYPE_I32, 2, dims);
	float *boxes = probe_put(s, "assign.boxes", DTYPE_F32, 3, dims);
	float *scores = probe_put(s, "assign.scores", DTYPE_F32, 3, all);

	for (int i = 0; i < n * points; i++) {
		int image = i / points, p = i % points;
		int g = loss_assigned_box(e->loss, image, p), row;

		labels[i] = classes;
		/* the reference leaves the image's first box on background */
		row = image * b->batch.most + (g < 0 ? 0 : g);
		if (b->batch.most > 0)
			memcpy(boxes + 4 * i, b->batch.boxes + 4 * row,
			       4 * sizeof(float));
		if (g < 0)
			continue;
		labels[i] = b->batch.labels[row];
		scores[(size_t)i * (size_t)classes + (size_t)labels[i]] =
			loss_target_score(e->loss, image, p);
	}
}

/* Points with a box, which the recorded reference has beside each loss. */
static int positives(const struct engine *e, const struct probe_batch *b)
{
	int points = total_points(e, b), count = 0;

	for (int i = 0; i < b->batch.n * points; i++)
		count +=
			loss_assigned_box(e->loss, i / points, i % points) >= 0;
	return count;
}

/* Names with the number of the step; the rate is the one that the step used. */
static void sink_step(struct probe_sink *s, const struct engine *e,
		      const struct probe_batch *b, int t, const float *losses,
		      double lr)
{
	int64_t one = 1;

	for (int k = 0; k < e->loss->kind->count; k++)
		sink_real(s,
			  fl_arena_printf(&s->arena, "loss.%d.%s", t,
					  e->loss->kind->values[k].name),
			  losses[k]);
	*(double *)probe_put(s, fl_arena_printf(&s->arena, "lr.%d", t),
			     DTYPE_F64, 1, &one) = lr;
	*(int32_t *)probe_put(s, fl_arena_printf(&s->arena, "positives.%d", t),
			      DTYPE_I32, 1, &one) = positives(e, b);
}

/* Batch 0 in a plan that keeps everything readable. */
static int first_batch(struct engine *e, const struct probe_options *o,
		       const struct probe_batch *b, struct probe_sink *s,
		       struct engine_result *result, struct fl_err *err)
{
	struct plan_key key =
		plan_key_make(PLAN_PROBE, recipe_precision(e->net.recipe),
			      b->batch.n, b->batch.h, b->batch.w);
	struct plan *plan = plans_find(&e->net.plans, &key);
	struct state_part grads = { "grads.", e->net.host.row[STATE_GRADS],
				    NULL };
	int rc = engine_gradients(e, plan, &b->batch, o->epoch, ENGINE_GO_ON,
				  result, err);

	if (rc == 0)
		rc = sink_activations(s, e->net.queue, plan,
				      e->net.model->graph, err);
	if (rc == 0)
		/* Everything while batch 0's gradients are there: the update
		 * uses them up. */
		rc = network_fetch(&e->net, STATE_ALL, err);
	if (rc != 0)
		return rc;
	sink_part(s, e->net.model, &grads);
	sink_assignment(s, e, b);
	sink_statistics(s, e);
	return 0;
}

/* The steps, then the state at the end. Batch 0 is done in two halves, so that
 * its gradients can be put out between them. */
static int walk(struct engine *e, const struct probe_options *o,
		const struct probe_batch *batches, struct probe_sink *s,
		struct fl_err *err)
{
	struct state_part parts[] = {
		{ "end.weights.", e->net.host.row[STATE_WEIGHTS],
		  e->net.host.row[STATE_STATISTICS] },
		{ "end.velocity.", e->net.host.row[STATE_VELOCITY], NULL },
		{ "end.ema.", e->net.host.row[STATE_EMA],
		  e->net.host.row[STATE_EMA_STATISTICS] },
	};
	int rc = 0;

	for (int t = 0; rc == 0 && t < o->batch_count; t++) {
		int epoch = o->epoch + t / o->steps_per_epoch;
		/* Steps count from 0; --epoch settles which assigner is at
		 * work. */
		double lr = schedule_lr(schedule_options(e->net.recipe),
					o->steps_per_epoch, t);
		struct engine_result result;

		if (t == 0) {
			rc = first_batch(e, o, &batches[0], s, &result, err);
			if (rc == 0)
				rc = engine_update(e, lr, &result, err);
		} else {
			rc = engine_step(e, &batches[t].batch, epoch, lr,
					 ENGINE_GO_ON, &result, err);
		}
		if (rc == 0)
			sink_step(s, e, &batches[t], t, result.losses, lr);
	}
	if (rc == 0)
		rc = network_fetch(&e->net, STATE_ALL, err);
	for (int i = 0; rc == 0 && i < 3; i++)
		sink_part(s, e->net.model, &parts[i]);
	return rc;
}

static int open_engine(struct engine *e, const struct recipe *recipe,
		       const struct model *model, struct dev *dev,
		       struct comm *comm, const struct probe_options *o,
		       const struct probe_batch *batches, struct fl_err *err)
{
	struct plan_key *keys =
		fl_calloc((size_t)o->batch_count + 1, sizeof(*keys));
	int count = o->batch_count, rc;

	for (int t = 0; t < o->batch_count; t++)
		keys[t] = plan_key_make(PLAN_TRAIN, recipe_precision(recipe),
					batches[t].batch.n, batches[t].batch.h,
					batches[t].batch.w);
	/* The first batch needs one plan more, of its own mode. */
	keys[count] = keys[0];
	keys[count++].mode = PLAN_PROBE;
	rc = engine_open(e, recipe, model, dev, comm, keys, count, err);
	free(keys);
	return rc;
}

static int train_batches(const struct recipe *recipe, const struct model *model,
			 struct dev *dev, struct comm *comm,
			 const struct probe_options *o,
			 const struct probe_batch *batches,
			 struct probe_sink *s, struct fl_err *err)
{
	struct engine e = { 0 };
	int rc = open_engine(&e, recipe, model, dev, comm, o, batches, err);

	/* Strict: weights that do not cover the model would compare nothing. */
	if (rc == 0 && *o->weights)
		rc = weights_load(&e.net, o->weights, true, err);
	if (rc == 0)
		rc = walk(&e, o, batches, s, err);
	engine_close(&e);
	return rc;
}

/* Of R ranks rank r takes batches r, R + r, ...: step t is those from R t on. */
static int own_batches(struct probe_options *own, const struct comm *comm,
		       struct fl_err *err)
{
	int steps = own->batch_count / comm->world;
	const char **list = fl_calloc((size_t)steps + 1, sizeof(*list));

	for (int t = 0; t < steps; t++)
		list[t] = own->batches[t * comm->world + comm->rank];
	own->batches = list;
	if (steps * comm->world != own->batch_count)
		return fl_fail(
			err, FL_EUSAGE,
			"%d batches for %d ranks; every step takes one for each rank",
			own->batch_count, comm->world);
	own->batch_count = steps;
	return 0;
}

int probe_run(const struct recipe *recipe, struct dev *dev, struct comm *comm,
	      const struct probe_options *options, struct fl_err *err)
{
	/* The caller's options stay as they are; ours get this rank's own
	 * batches. */
	struct probe_options own = *options;
	const struct probe_options *o = &own;
	struct probe_sink s = { .tensors = fl_calloc(MAX_OUT,
						     sizeof(*s.tensors)) };
	struct probe_batch *batches =
		fl_calloc((size_t)o->batch_count + 1, sizeof(*batches));
	struct model *model = NULL;
	int rc = own_batches(&own, comm, err);

	for (int t = 0; rc == 0 && t < o->batch_count; t++)
		rc = probe_batch_open(&batches[t], o->batches[t],
				      recipe->num_classes, o->eval, err);
	if (rc == 0)
		rc = family_model(recipe, &model, err);
	if (rc == 0)
		rc = o->eval ? probe_evaluate(recipe, model, dev, comm,
					      o->weights, batches, &s, err)
			     : train_batches(recipe, model, dev, comm, o,
					     batches, &s, err);
	if (rc == 0 && comm->rank == 0)
		rc = safetensors_save(o->out, s.tensors, s.count, NULL, 0, err);
	family_model_free(model);
	for (int t = 0; t < o->batch_count; t++)
		probe_batch_close(&batches[t]);
	free(batches);
	free((void *)(uintptr_t)own.batches);
	free(s.tensors);
	fl_arena_release(&s.arena);
	return rc;
}

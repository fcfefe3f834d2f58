/* PP-YOLOE's loss, after ppyoloe_head.py: ATSS in the first epochs, then the
 * task-aligned assigner; varifocal, GIoU and distribution focal loss.
 *
 * assign() stages the maps, predicts boxes and lets the assigner decide; between it and
 * finish() the ranks add up their scores; finish() has the device pass over all class
 * logits and then adds on the host what only points with a box have. Every sum is
 * taken in order of chunks, so it has the same bits for any number of threads. */
#include "base/par.h"
#include "device/stage.h"
#include "family/ppyoloe/ppyoloe_priv.h"
#include "loss/bins.h"

#include <stdlib.h>
#include <string.h>

struct ppyoloe_loss {
	/* First, so that a struct loss * is this struct's too. */
	struct loss base;
	struct dev *dev;
	struct dev_stage stage;
	struct dev_slab sums_of_levels; /* doubles, of the device's pass */
	int static_epochs;
	struct ppyoloe_weights weights;
	struct loss_size most;
	struct assignment assignment;
	double normaliser;
	double sums[FL_PAR_MAX_CHUNKS][PPYOLOE_LOSSES]; /* of chunks */
	long positives[FL_PAR_MAX_CHUNKS];
};

static const struct loss_value values[PPYOLOE_LOSSES] = {
	[PPYOLOE_TOTAL] = { "loss", false },
	[PPYOLOE_CLS] = { "loss_cls", false },
	[PPYOLOE_IOU] = { "loss_iou", false },
	[PPYOLOE_DFL] = { "loss_dfl", false },
	[PPYOLOE_L1] = { "loss_l1", true },
};

static int open_device_memory(struct ppyoloe_loss *l, struct fl_err *err)
{
	const struct loss_size *most = &l->most;
	size_t logits = (size_t)most->classes + 4 * PPYOLOE_BINS;
	/* Both maps of every level, and their gradients. */
	size_t maps = 2 * (size_t)most->images * (size_t)most->points * logits;
	int rc = dev_slab_new(l->dev, HEAD_MOST * sizeof(double), DEV_OWN,
			      &l->sums_of_levels, err);

	return rc ? rc
		  : stage_open(&l->stage, l->dev, maps * sizeof(float), err);
}

static void close_loss(struct loss *loss)
{
	struct ppyoloe_loss *l = (struct ppyoloe_loss *)loss;

	stage_close(&l->stage);
	dev_slab_free(l->dev, &l->sums_of_levels);
	assignment_close(&l->assignment);
	free(l);
}

static int open_loss(const void *options, struct dev *dev,
		     const struct loss_size *size, struct loss **out,
		     struct fl_err *err)
{
	const struct ppyoloe_options *o = options;
	struct ppyoloe_loss *l = fl_calloc(1, sizeof(*l));
	int rc;

	l->dev = dev;
	l->most = *size;
	l->static_epochs = o->static_epochs;
	l->weights = (struct ppyoloe_weights){ .cls = o->weight_cls,
					       .iou = o->weight_iou,
					       .dfl = o->weight_dfl };
	assignment_open(&l->assignment, &o->assign, size->images, size->points);
	rc = open_device_memory(l, err);
	if (rc == 0)
		*out = &l->base;
	else
		close_loss(&l->base);
	return rc;
}

/* Predicted boxes in pixels, of points of all images, by the same expectation
 * as inference: c -+ d in units of the stride, times the stride. */
static void predict(void *ctx, size_t first, size_t last, int chunk)
{
	struct assignment *a = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		size_t image = i / (size_t)a->points;
		struct assign_point q =
			assign_point_at(a, (int)(i % (size_t)a->points));
		const struct assign_level *lv = &a->levels[q.level];
		const float *reg = lv->reg + (image * (size_t)(lv->h * lv->w) +
					      (size_t)q.at) *
						     4 * PPYOLOE_BINS;
		float p[PPYOLOE_BINS], *box = a->pred + 4 * i;

		for (int k = 0; k < 4; k++) {
			float d = bins_expectation(reg + k * PPYOLOE_BINS,
						   PPYOLOE_BINS, p);
			float c = (k % 2 ? q.y : q.x) / q.stride;

			box[k] = (k < 2 ? c - d : c + d) * q.stride;
		}
	}
}

struct assign_job {
	struct assignment *a;
	bool atss;
};

/* One image by one thread: assigners keep to their image's part of the
 * arrays. */
static void assign_images(void *ctx, size_t first, size_t last, int chunk)
{
	const struct assign_job *job = ctx;
	struct assignment *a = job->a;
	size_t points = (size_t)a->points;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		/* -1 everywhere: no point answers for a box yet. */
		memset(a->box + i * points, 0xff, points * sizeof(int));
		memset(a->claims + i * points, 0, points * sizeof(int));
		memset(a->score + i * points, 0, points * sizeof(float));
		if (job->atss)
			assign_atss(a, (int)i);
		else
			assign_tal(a, (int)i);
	}
}

/* Before the assigner, which takes exactly so many of each level. Only ATSS
 * asks. */
static int check_levels(const struct assignment *a, struct fl_err *err)
{
	for (int i = 0; i < a->input.levels; i++) {
		const struct assign_level *lv = &a->levels[i];

		if (lv->h * lv->w >= a->options.atss_topk)
			continue;
		return fl_fail(
			err, FL_ERECIPE,
			"the level of stride %d has %d points, fewer than the "
			"%d candidates of a box; use larger images or a smaller "
			"PPYOLOEHead.static_assigner.topk",
			lv->stride, lv->h * lv->w, a->options.atss_topk);
	}
	return 0;
}

/* The logits of all levels in the host's hands. */
static int take_maps(struct ppyoloe_loss *l, struct dev_queue *q,
		     struct fl_err *err)
{
	struct assignment *a = &l->assignment;

	stage_begin(&l->stage);
	for (int i = 0; i < a->input.levels; i++) {
		const struct head_map *m = &a->input.maps[i];

		a->levels[i].cls = stage_in(&l->stage, q, m->cls.data,
					    tensor_bytes(&m->cls));
		a->levels[i].reg = stage_in(&l->stage, q, m->reg.data,
					    tensor_bytes(&m->reg));
	}
	/* Once for all maps: the host looks at them from here on. */
	return dev_wait(q, err);
}

static int assign(struct loss *loss, struct dev_queue *q,
		  const struct loss_input *in, int epoch, double *score_sum,
		  struct fl_err *err)
{
	struct ppyoloe_loss *l = (struct ppyoloe_loss *)loss;
	struct assignment *a = &l->assignment;
	/* -1 or 0 of static_assigner_epoch: no epoch with ATSS. */
	struct assign_job job = { a, epoch < l->static_epochs };
	size_t n;
	int rc;

	assignment_begin(a, in);
	/* The loss was opened for the largest plan. */
	FL_ASSERT(in->n <= l->most.images && a->points <= l->most.points);
	loss->points = a->points;
	loss->box = a->box;
	loss->score = a->score;
	rc = take_maps(l, q, err);
	if (rc == 0 && job.atss)
		rc = check_levels(a, err);
	if (rc != 0)
		return rc;
	n = (size_t)in->n * (size_t)a->points;
	fl_par_for(n, 64, predict, a);
	fl_par_for((size_t)in->n, 1, assign_images, &job);
	*score_sum = 0;
	/* By one thread, in order: the sum must not depend on threads. */
	for (size_t i = 0; i < n; i++)
		*score_sum += (double)a->score[i];
	return 0;
}

/* A point that answers for a box; i: its place in the assignment, at: its pixel
 * in the level's maps of all images. The device counted its logit as
 * background's: ppyoloe_positive takes that off again. */
static void finish_point(struct ppyoloe_loss *l, const struct assign_point *q,
			 size_t image, size_t at, size_t i, double *sums)
{
	const struct assignment *a = &l->assignment;
	const struct assign_level *lv = &a->levels[q->level];
	size_t b = image * (size_t)a->input.most + (size_t)a->box[i];
	size_t c = at * (size_t)a->input.classes + (size_t)a->input.labels[b];

	sums[PPYOLOE_CLS] +=
		ppyoloe_positive(lv->cls[c], a->score[i], &lv->dcls[c],
				 (float)(l->weights.cls / l->normaliser));
	ppyoloe_box(&l->weights, q, a->input.boxes + 4 * b,
		    a->score[i] / l->normaliser,
		    lv->reg + at * 4 * PPYOLOE_BINS,
		    lv->dreg + at * 4 * PPYOLOE_BINS, sums);
}

/* What only points that answer for a box have; the others' boxes push nothing. */
static void finish_points(void *ctx, size_t first, size_t last, int chunk)
{
	struct ppyoloe_loss *l = ctx;
	const struct assignment *a = &l->assignment;

	for (size_t i = first; i < last; i++) {
		size_t image = i / (size_t)a->points;
		struct assign_point q =
			assign_point_at(a, (int)(i % (size_t)a->points));
		const struct assign_level *lv = &a->levels[q.level];
		size_t at = image * (size_t)(lv->h * lv->w) + (size_t)q.at;

		/* dreg came as room without content: every point writes its
		 * part. */
		if (a->box[i] < 0) {
			memset(lv->dreg + at * 4 * PPYOLOE_BINS, 0,
			       4 * PPYOLOE_BINS * sizeof(float));
			continue;
		}
		l->positives[chunk]++;
		finish_point(l, &q, image, at, i, l->sums[chunk]);
	}
}

/* The classification loss as if no point answered for a box, by the device; then
 * the gradients where the host completes them. */
static int negatives(struct ppyoloe_loss *l, struct dev_queue *q, double *sum,
		     struct fl_err *err)
{
	struct assignment *a = &l->assignment;
	float factor = (float)(l->weights.cls / l->normaliser);
	double sums[HEAD_MOST], *on_device = l->sums_of_levels.data;
	int levels = a->input.levels, rc;

	/* A sum a level, because levels are maps of their own. */
	for (int i = 0; i < levels; i++) {
		const struct head_map *m = &a->input.maps[i];

		dev_ops(l->dev)->varifocal(q, m->cls.data,
					   tensor_count(&m->cls), factor,
					   m->dcls.data, on_device + i);
		a->levels[i].dcls = stage_in(&l->stage, q, m->dcls.data,
					     tensor_bytes(&m->dcls));
		/* Written by the host alone, so nothing is read. */
		a->levels[i].dreg = stage_room(&l->stage, m->dreg.data,
					       tensor_bytes(&m->dreg));
	}
	rc = dev_fetch(q, sums, on_device, (size_t)levels * sizeof(double),
		       err);
	*sum = 0;
	for (int i = 0; rc == 0 && i < levels; i++)
		*sum += sums[i];
	return rc;
}

/* Both gradients of all levels back to the device, which runs backward from
 * them. */
static void give_gradients(struct ppyoloe_loss *l, struct dev_queue *q)
{
	const struct assignment *a = &l->assignment;

	for (int i = 0; i < a->input.levels; i++) {
		const struct head_map *m = &a->input.maps[i];

		stage_out(&l->stage, q, m->dcls.data, a->levels[i].dcls,
			  tensor_bytes(&m->dcls));
		stage_out(&l->stage, q, m->dreg.data, a->levels[i].dreg,
			  tensor_bytes(&m->dreg));
	}
}

/* From the sums over points to what is reported. */
static void sum_losses(const struct ppyoloe_loss *l,
		       double sums[PPYOLOE_LOSSES], float *losses)
{
	const struct ppyoloe_weights *w = &l->weights;
	long positives = 0;

	for (int c = 0; c < FL_PAR_MAX_CHUNKS; c++) {
		for (int k = 0; k < PPYOLOE_LOSSES; k++)
			sums[k] += l->sums[c][k];
		positives += l->positives[c];
	}
	/* The box losses have been divided as they were summed (share). */
	sums[PPYOLOE_CLS] /= l->normaliser;
	/* The mean of four sides of all positives, and 0 where there is
	 * none. */
	if (positives > 0)
		sums[PPYOLOE_L1] /= 4 * (double)positives;
	sums[PPYOLOE_TOTAL] = w->cls * sums[PPYOLOE_CLS] +
			      w->iou * sums[PPYOLOE_IOU] +
			      w->dfl * sums[PPYOLOE_DFL];
	for (int k = 0; k < PPYOLOE_LOSSES; k++)
		losses[k] = (float)sums[k];
}

static int finish(struct loss *loss, struct dev_queue *q, double normaliser,
		  float *losses, struct fl_err *err)
{
	struct ppyoloe_loss *l = (struct ppyoloe_loss *)loss;
	const struct assignment *a = &l->assignment;
	double sums[PPYOLOE_LOSSES] = { 0 };
	int rc;

	l->normaliser = normaliser;
	memset(l->sums, 0, sizeof(l->sums));
	memset(l->positives, 0, sizeof(l->positives));
	/* First: finish_points corrects what it has left. */
	rc = negatives(l, q, &sums[PPYOLOE_CLS], err);
	if (rc != 0)
		return rc;
	fl_par_for((size_t)a->input.n * (size_t)a->points, 64, finish_points,
		   l);
	give_gradients(l, q);
	sum_losses(l, sums, losses);
	return 0;
}

const struct loss_kind ppyoloe_loss = {
	.values = values,
	.count = PPYOLOE_LOSSES,
	.open = open_loss,
	.close = close_loss,
	.assign = assign,
	.finish = finish,
};

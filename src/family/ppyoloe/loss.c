/* The two halves of a step's loss. loss_assign stages the maps, predicts boxes and
 * lets the assigner decide; loss_finish has the device pass over all class logits
 * and then adds what only points with a box have. */
#include "loss/loss_priv.h"

#include "base/fast_math.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

const char *const loss_names[LOSS_COUNT] = { "loss", "loss_cls", "loss_iou",
					     "loss_dfl", "loss_l1" };

static int open_device_memory(struct loss *l, size_t points, int classes,
			      struct fl_err *err)
{
	size_t maps = 2 * points * ((size_t)classes + 4 * LOSS_BINS);
	int rc = dev_slab_new(l->dev, HEAD_MOST * sizeof(double), DEV_OWN,
			      &l->sums_of_levels, err);

	return rc ? rc
		  : stage_open(&l->stage, l->dev, maps * sizeof(float), err);
}

int loss_open(const struct recipe *recipe, struct dev *dev, int images,
	      int points, struct loss **out, struct fl_err *err)
{
	struct loss *l = fl_calloc(1, sizeof(*l));
	size_t n = (size_t)images * (size_t)points;
	int rc;

	l->dev = dev;
	l->static_epochs = recipe->static_assigner_epoch;
	l->atss_topk = recipe->atss_topk;
	l->tal_topk = recipe->tal_topk;
	l->tal_alpha = recipe->tal_alpha;
	l->tal_beta = recipe->tal_beta;
	l->weight_cls = recipe->loss_class;
	l->weight_iou = recipe->loss_iou;
	l->weight_dfl = recipe->loss_dfl;
	l->max_images = images;
	l->max_points = points;
	l->pred = fl_calloc(n * 4, sizeof(float));
	l->box = fl_calloc(n, sizeof(int));
	l->claims = fl_calloc(n, sizeof(int));
	l->score = fl_calloc(n, sizeof(float));
	l->ranked = fl_calloc(n, sizeof(*l->ranked));
	rc = open_device_memory(l, n, recipe->num_classes, err);
	if (rc == 0)
		*out = l;
	else
		loss_close(l);
	return rc;
}

void loss_close(struct loss *l)
{
	if (!l)
		return;
	stage_close(&l->stage);
	dev_slab_free(l->dev, &l->sums_of_levels);
	free(l->pred);
	free(l->box);
	free(l->claims);
	free(l->score);
	free(l->ranked);
	free(l);
}

float loss_iou(const float *a, const float *b, float epsilon)
{
	float x1 = a[0] > b[0] ? a[0] : b[0], y1 = a[1] > b[1] ? a[1] : b[1];
	float x2 = a[2] < b[2] ? a[2] : b[2], y2 = a[3] < b[3] ? a[3] : b[3];
	float w = x2 > x1 ? x2 - x1 : 0, h = y2 > y1 ? y2 - y1 : 0;
	float aw = a[2] > a[0] ? a[2] - a[0] : 0;
	float ah = a[3] > a[1] ? a[3] - a[1] : 0;
	float bw = b[2] > b[0] ? b[2] - b[0] : 0;
	float bh = b[3] > b[1] ? b[3] - b[1] : 0;
	float both = w * h;

	return both / (aw * ah + bw * bh - both + epsilon);
}

float loss_softmax(const float *logit, float p[LOSS_BINS])
{
	float top = logit[0], sum = 0, moment = 0;

	for (int j = 1; j < LOSS_BINS; j++)
		top = logit[j] > top ? logit[j] : top;
	for (int j = 0; j < LOSS_BINS; j++)
		p[j] = fl_exp(logit[j] - top);
	for (int j = 0; j < LOSS_BINS; j++)
		sum += p[j];
	for (int j = 0; j < LOSS_BINS; j++) {
		p[j] /= sum;
		moment += p[j] * (float)j;
	}
	return moment;
}

/* Predicted boxes in pixels, of points of all images. */
static void predict(void *ctx, size_t first, size_t last, int chunk)
{
	struct loss *l = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		size_t image = i / (size_t)l->points;
		struct loss_point q =
			loss_point_at(l, (int)(i % (size_t)l->points));
		const struct loss_level *lv = &l->levels[q.level];
		const float *reg = lv->reg + (image * (size_t)(lv->h * lv->w) +
					      (size_t)q.at) *
						     4 * LOSS_BINS;
		float p[LOSS_BINS], *box = l->pred + 4 * i;

		for (int k = 0; k < 4; k++) {
			float d = loss_softmax(reg + k * LOSS_BINS, p);
			float c = (k % 2 ? q.y : q.x) / q.stride;

			box[k] = (k < 2 ? c - d : c + d) * q.stride;
		}
	}
}

struct assign_job {
	struct loss *l;
	bool atss;
};

static void assign_images(void *ctx, size_t first, size_t last, int chunk)
{
	struct assign_job *job = ctx;
	size_t points = (size_t)job->l->points;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		memset(job->l->box + i * points, 0xff, points * sizeof(int));
		memset(job->l->claims + i * points, 0, points * sizeof(int));
		memset(job->l->score + i * points, 0, points * sizeof(float));
		if (job->atss)
			loss_atss(job->l, (int)i);
		else
			loss_tal(job->l, (int)i);
	}
}

static int check_levels(const struct loss *l, struct fl_err *err)
{
	for (int i = 0; i < l->input.levels; i++) {
		const struct loss_level *lv = &l->levels[i];

		if (lv->h * lv->w >= l->atss_topk)
			continue;
		return fl_fail(
			err, FL_ERECIPE,
			"the level of stride %d has %d points, fewer than the "
			"%d candidates of a box; use larger images or a smaller "
			"PPYOLOEHead.static_assigner.topk",
			lv->stride, lv->h * lv->w, l->atss_topk);
	}
	return 0;
}

/* The logits of all levels in the host's hands. */
static int take_maps(struct loss *l, struct dev_queue *q, struct fl_err *err)
{
	stage_begin(&l->stage);
	l->points = 0;
	for (int i = 0; i < l->input.levels; i++) {
		const struct head_map *m = &l->input.maps[i];

		l->levels[i] = (struct loss_level){
			.h = m->cls.h,
			.w = m->cls.w,
			.stride = m->stride,
			.cls = stage_in(&l->stage, q, m->cls.data,
					tensor_bytes(&m->cls)),
			.reg = stage_in(&l->stage, q, m->reg.data,
					tensor_bytes(&m->reg)),
		};
		l->first[i] = l->points;
		l->points += m->cls.h * m->cls.w;
	}
	FL_ASSERT(l->input.n <= l->max_images && l->points <= l->max_points);
	return dev_wait(q, err);
}

int loss_assign(struct loss *l, struct dev_queue *q,
		const struct loss_input *in, int epoch, double *score_sum,
		struct fl_err *err)
{
	struct assign_job job = { l, epoch < l->static_epochs };
	size_t n;
	int rc;

	l->input = *in;
	rc = take_maps(l, q, err);
	if (rc == 0 && job.atss)
		rc = check_levels(l, err);
	if (rc != 0)
		return rc;
	n = (size_t)in->n * (size_t)l->points;
	fl_par_for(n, 64, predict, l);
	fl_par_for((size_t)in->n, 1, assign_images, &job);
	*score_sum = 0;
	for (size_t i = 0; i < n; i++)
		*score_sum += (double)l->score[i];
	return 0;
}

/* The reference computes through p = sigmoid(z) in float32: its logarithms stop
 * at -100, where they jump from -88.7 because exp(-z) overflows and p becomes 0;
 * its gradient passes through p (1 - p) / max(p (1 - p), 1e-12),
 * which is 1 but for z below -27, and 0 where p has become 1 (z above 17). A
 * point so sure and so wrong pushes no more. Early in training with a high
 * learning rate thousands of points get there; without this rule their sum
 * throws the weights away. */
#define LOG_BOUND 100.0f
#define LOG_JUMP 88.722839f /* ln of the largest float */
#define SLOPE_BOUND 1e-12f

/* For the class it is an example of: q BCE(p, q), d = q (p - q), less what
 * varifocal() has counted for it as no example. */
static double positive(float z, float q, float *dlogit, float factor)
{
	float e = fl_exp(z < 0 ? z : -z), inv = 1 / (1 + e);
	float p = z < 0 ? e * inv : inv, slope = p * (1.0f - p);
	float s = (z < 0 ? 0 : z) + fl_log(1 + e); /* -ln(1 - p) */
	float t = s - z;			   /* -ln p */

	s = p == 1 || s > LOG_BOUND ? LOG_BOUND : s;
	t = t > LOG_JUMP ? LOG_BOUND : t;
	slope = slope < SLOPE_BOUND ? slope / SLOPE_BOUND : 1;
	*dlogit = factor * q * (p - q) * slope;
	return (double)(q * (q * t + (1 - q) * s)) -
	       (double)(0.75f * p * p * s);
}

/* The class of the box that point i answers for. */
static int label(const struct loss *l, int image, size_t i)
{
	return l->input.labels[image * l->input.most + l->box[i]];
}

/* What only points that answer for a box have. */
static void finish_points(void *ctx, size_t first, size_t last, int chunk)
{
	struct loss *l = ctx;
	double *sums = l->sums[chunk];
	float factor = (float)(l->weight_cls / l->normaliser);

	for (size_t i = first; i < last; i++) {
		int image = (int)(i / (size_t)l->points);
		int point = (int)(i % (size_t)l->points);
		struct loss_point q = loss_point_at(l, point);
		struct loss_level *lv = &l->levels[q.level];
		size_t at =
			(size_t)image * (size_t)(lv->h * lv->w) + (size_t)q.at;
		size_t c;

		if (l->box[i] < 0) {
			memset(lv->dreg + at * 4 * LOSS_BINS, 0,
			       4 * LOSS_BINS * sizeof(float));
			continue;
		}
		c = at * (size_t)l->input.classes + (size_t)label(l, image, i);
		sums[LOSS_CLS] +=
			positive(lv->cls[c], l->score[i], &lv->dcls[c], factor);
		l->positives[chunk]++;
		loss_box_point(l, image, point, sums);
	}
}

/* The classification loss as if no point answered for a box, by the device; then
 * the gradients where the host completes them. */
static int negatives(struct loss *l, struct dev_queue *q, double *sum,
		     struct fl_err *err)
{
	float factor = (float)(l->weight_cls / l->normaliser);
	double sums[HEAD_MOST], *on_device = l->sums_of_levels.data;
	int levels = l->input.levels, rc;

	for (int i = 0; i < levels; i++) {
		const struct head_map *m = &l->input.maps[i];

		dev_ops(l->dev)->varifocal(q, m->cls.data,
					   tensor_count(&m->cls), factor,
					   m->dcls.data, on_device + i);
		l->levels[i].dcls = stage_in(&l->stage, q, m->dcls.data,
					     tensor_bytes(&m->dcls));
		l->levels[i].dreg = stage_room(&l->stage, m->dreg.data,
					       tensor_bytes(&m->dreg));
	}
	rc = dev_fetch(q, sums, on_device, (size_t)levels * sizeof(double),
		       err);
	*sum = 0;
	for (int i = 0; rc == 0 && i < levels; i++)
		*sum += sums[i];
	return rc;
}

/* Both gradients of all levels back to the device. */
static void give_gradients(struct loss *l, struct dev_queue *q)
{
	for (int i = 0; i < l->input.levels; i++) {
		const struct head_map *m = &l->input.maps[i];

		stage_out(&l->stage, q, m->dcls.data, l->levels[i].dcls,
			  tensor_bytes(&m->dcls));
		stage_out(&l->stage, q, m->dreg.data, l->levels[i].dreg,
			  tensor_bytes(&m->dreg));
	}
}

/* From the sums over points to what is reported. */
static void mean_losses(const struct loss *l, double sums[LOSS_COUNT],
			float losses[LOSS_COUNT])
{
	long positives = 0;

	for (int c = 0; c < FL_PAR_MAX_CHUNKS; c++) {
		for (int k = 0; k < LOSS_COUNT; k++)
			sums[k] += l->sums[c][k];
		positives += l->positives[c];
	}
	sums[LOSS_CLS] /= l->normaliser;
	if (positives > 0)
		sums[LOSS_L1] /= 4 * (double)positives;
	sums[LOSS_TOTAL] = l->weight_cls * sums[LOSS_CLS] +
			   l->weight_iou * sums[LOSS_IOU] +
			   l->weight_dfl * sums[LOSS_DFL];
	for (int k = 0; k < LOSS_COUNT; k++)
		losses[k] = (float)sums[k];
}

int loss_finish(struct loss *l, struct dev_queue *q, double normaliser,
		float losses[LOSS_COUNT], struct fl_err *err)
{
	double sums[LOSS_COUNT] = { 0 };
	int rc;

	l->normaliser = normaliser;
	memset(l->sums, 0, sizeof(l->sums));
	memset(l->positives, 0, sizeof(l->positives));
	rc = negatives(l, q, &sums[LOSS_CLS], err);
	if (rc != 0)
		return rc;
	fl_par_for((size_t)l->input.n * (size_t)l->points, 64, finish_points,
		   l);
	give_gradients(l, q);
	mean_losses(l, sums, losses);
	return 0;
}

int loss_assigned_box(const struct loss *l, int image, int point)
{
	return l->box[(size_t)image * (size_t)l->points + (size_t)point];
}

float loss_target_score(const struct loss *l, int image, int point)
{
	return l->score[(size_t)image * (size_t)l->points + (size_t)point];
}

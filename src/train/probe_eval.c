#include "train/probe_priv.h"

#include "box/nms.h"
#include "model/decode.h"

#include <stdlib.h>
#include <string.h>

static int decode(const struct engine *e, const struct plan *plan,
		  const struct probe_batch *b, float *boxes, float *scores,
		  struct decode_level levels[MODEL_LEVELS])
{
	for (int i = 0; i < MODEL_LEVELS; i++) {
		struct tensor cls = plan_value(plan, e->model->cls_logit[i]);
		struct tensor reg = plan_value(plan, e->model->reg_logit[i]);

		levels[i] =
			(struct decode_level){ .h = cls.h,
					       .w = cls.w,
					       .stride = e->model->strides[i],
					       .cls = cls.data,
					       .reg = reg.data };
	}
	if (boxes)
		decode_images(levels, b->batch.n, e->model->num_classes,
			      b->scale_factor, boxes, scores);
	return decode_points(levels);
}

static void put_row(float *row, int image, const struct nms_row *from)
{
	row[0] = (float)image;
	row[1] = (float)from->category;
	row[2] = from->score;
	memcpy(row + 3, from->box, sizeof(from->box));
}

/* Rows (image, class, score, x1, y1, x2, y2). */
static void suppress(const struct engine *e, const struct probe_batch *b,
		     const float *boxes, const float *scores, int points,
		     struct probe_sink *s)
{
	const struct recipe *r = e->recipe;
	struct nms_params params = { .score_threshold =
					     (float)r->score_threshold,
				     .nms_threshold = (float)r->nms_threshold,
				     .nms_top_k = r->nms_top_k,
				     .keep_top_k = r->keep_top_k };
	size_t area = (size_t)points, classes = (size_t)e->model->num_classes;
	float *rows = NULL;
	int64_t dims[2] = { 0, 7 };
	struct nms_scratch nms;

	nms_init(&nms, &params, points, (int)classes);
	for (int i = 0; i < b->batch.n; i++) {
		size_t at = (size_t)i * area;
		int n = nms_run(&nms, boxes + 4 * at, scores + classes * at,
				area, points, (int)classes);

		rows = fl_realloc(rows, ((size_t)(dims[0] + n) * 7 + 1) *
						sizeof(float));
		for (int k = 0; k < n; k++)
			put_row(rows + 7 * dims[0]++, i, &nms.rows[k]);
	}
	memcpy(probe_put(s, "detections", DTYPE_F32, 2, dims), rows,
	       (size_t)dims[0] * 7 * sizeof(float));
	nms_release(&nms);
	free(rows);
}

int probe_evaluate(struct engine *e, const struct probe_batch *b,
		   struct probe_sink *s, struct fl_err *err)
{
	struct plan_key key = { PLAN_EVAL, b->batch.n, b->batch.h, b->batch.w };
	struct plan *plan = plans_find(&e->plans, &key);
	struct plan_run run = { .weights = e->used_weights,
				.statistics = e->used_statistics };
	struct tensor input = plan_value(plan, e->model->graph->input);
	struct decode_level levels[MODEL_LEVELS];
	int points = decode(e, plan, b, NULL, NULL, levels), rc;
	int64_t box[3] = { b->batch.n, points, 4 };
	int64_t score[3] = { b->batch.n, e->model->num_classes, points };
	float *boxes, *scores;

	engine_use_average(e);
	memcpy(input.data, b->image, tensor_count(&input) * sizeof(float));
	rc = plan_forward(plan, &run, err);
	if (rc != 0)
		return rc;
	boxes = probe_put(s, "boxes", DTYPE_F32, 3, box);
	scores = probe_put(s, "scores", DTYPE_F32, 3, score);
	decode(e, plan, b, boxes, scores, levels);
	suppress(e, b, boxes, scores, points, s);
	return 0;
}

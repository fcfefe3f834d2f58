/* The probe of an evaluation: forward, decoding and suppression of one batch. */
#include "probe/probe_priv.h"

#include "box/nms.h"
#include "model/decode.h"

#include <stdlib.h>
#include <string.h>

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
	const struct recipe *r = e->net.recipe;
	struct nms_params params = { .score_threshold =
					     (float)r->score_threshold,
				     .nms_threshold = (float)r->nms_threshold,
				     .nms_top_k = r->nms_top_k,
				     .keep_top_k = r->keep_top_k };
	size_t area = (size_t)points,
	       classes = (size_t)e->net.model->num_classes;
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

/* The maps of the head, read into the sink's memory. */
static int read_maps(const struct engine *e, const struct plan *plan,
		     struct probe_sink *s, struct head_map maps[HEAD_MOST],
		     struct fl_err *err)
{
	const struct head *head = &e->net.model->head;
	int rc = 0;

	head_maps(plan, head, maps);
	for (int i = 0; rc == 0 && i < head->count; i++) {
		rc = probe_read(e->net.queue, &s->arena, &maps[i].cls, err);
		if (rc == 0)
			rc = probe_read(e->net.queue, &s->arena, &maps[i].reg,
					err);
	}
	return rc;
}

int probe_evaluate(struct engine *e, const struct probe_batch *b,
		   struct probe_sink *s, struct fl_err *err)
{
	const struct head *head = &e->net.model->head;
	struct plan_key key = plan_key_make(PLAN_EVAL, DTYPE_F32, b->batch.n,
					    b->batch.h, b->batch.w);
	struct plan *plan = plans_find(&e->net.plans, &key);
	struct plan_run run = {
		.queue = e->net.queue,
		.weights = e->net.state.row[STATE_USED],
		.statistics = e->net.state.row[STATE_USED_STATISTICS]
	};
	struct tensor input = plan_value(plan, e->net.model->graph->input);
	int points = head_points(head, b->batch.h, b->batch.w), rc;
	int64_t box[3] = { b->batch.n, points, 4 };
	int64_t score[3] = { b->batch.n, e->net.model->num_classes, points };
	struct head_map maps[HEAD_MOST];
	float *boxes, *scores;

	engine_use_average(e);
	dev_write(e->net.queue, input.data, b->image, tensor_bytes(&input));
	rc = plan_forward(plan, &run, err);
	if (rc == 0)
		rc = read_maps(e, plan, s, maps, err);
	if (rc != 0)
		return rc;
	boxes = probe_put(s, "boxes", DTYPE_F32, 3, box);
	scores = probe_put(s, "scores", DTYPE_F32, 3, score);
	decode_images(maps, head->count, b->batch.n, b->scale_factor, boxes,
		      scores);
	suppress(e, b, boxes, scores, points, s);
	return 0;
}

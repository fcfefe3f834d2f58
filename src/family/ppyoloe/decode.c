/* From the head's logits to boxes and scores (ppyoloe_head.py, forward_eval and
 * post_process), level after level, points of all images at once. The distance to
 * each side is the expectation of the softmax over 17 bins, in units of the stride;
 * a box is (px - l, py - t, px + r, py + b) times the stride, divided by the image's
 * scale factor, not clipped. */
#include "family/ppyoloe/ppyoloe_priv.h"

#include "base/par.h"

#include <math.h>

/* One level: where its points stand among all points of an image. */
struct decode_job {
	const struct head_map *map;
	int classes, points, first; /* points of an image; before this level */
	const float *scale_factor;
	float *boxes, *scores;
};

/* Expectation of the bins' softmax, with the C library's exp; training has
 * fl_exp (loss/bins.h), so last bits of the two may differ. */
static float distance(const float *logit)
{
	float top = logit[0], sum = 0, moment = 0;

	for (int j = 1; j < PPYOLOE_BINS; j++)
		top = logit[j] > top ? logit[j] : top;
	for (int j = 0; j < PPYOLOE_BINS; j++) {
		float e = expf(logit[j] - top);

		sum += e;
		moment += e * (float)j;
	}
	return moment / sum;
}

static void decode_box(const struct decode_job *job, size_t image, int at,
		       const float *reg)
{
	const struct tensor *cls = &job->map->cls;
	const float *scale = job->scale_factor + 2 * image;
	float stride = (float)job->map->stride;
	float x = (float)(at % cls->w) + 0.5f, y = (float)(at / cls->w) + 0.5f;
	float *box =
		job->boxes +
		(image * (size_t)job->points + (size_t)(job->first + at)) * 4;

	/* reg: left, top, right, bottom, 17 bins each; scale: (fy, fx). */
	box[0] = (x - distance(reg)) * stride / scale[1];
	box[1] = (y - distance(reg + PPYOLOE_BINS)) * stride / scale[0];
	box[2] = (x + distance(reg + 2 * PPYOLOE_BINS)) * stride / scale[1];
	box[3] = (y + distance(reg + 3 * PPYOLOE_BINS)) * stride / scale[0];
}

static void decode_range(void *ctx, size_t first, size_t last, int chunk)
{
	const struct decode_job *job = ctx;
	const float *logits = job->map->cls.data, *reg = job->map->reg.data;
	size_t area = (size_t)job->map->cls.h * (size_t)job->map->cls.w;
	size_t classes = (size_t)job->classes, points = (size_t)job->points;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		size_t image = i / area, at = i % area;
		float *score = job->scores + image * classes * points +
			       (size_t)job->first + at;
		const float *cls = logits + i * classes;

		for (size_t c = 0; c < classes; c++)
			/* [C][L] for an image: suppression goes class by
			 * class. */
			score[c * points] = 1 / (1 + expf(-cls[c]));
		decode_box(job, image, (int)at, reg + i * 4 * PPYOLOE_BINS);
	}
}

void ppyoloe_decode(const struct head_map *maps, int levels, int n,
		    const float *scale_factor, float *boxes, float *scores)
{
	struct decode_job job = { .classes = maps[0].cls.c,
				  .scale_factor = scale_factor,
				  .boxes = boxes,
				  .scores = scores };

	for (int i = 0; i < levels; i++)
		job.points += maps[i].cls.h * maps[i].cls.w;
	for (int i = 0; i < levels; i++) {
		int area = maps[i].cls.h * maps[i].cls.w;

		job.map = &maps[i];
		fl_par_for((size_t)n * (size_t)area, 64, decode_range, &job);
		job.first += area;
	}
}

#include "model/decode.h"

#include "base/par.h"

#include <math.h>

struct job {
	const struct decode_level *level;
	int classes, points, first; /* points of an image; before this level */
	const float *scale_factor;
	float *boxes, *scores;
};

int decode_points(const struct decode_level levels[MODEL_LEVELS])
{
	int points = 0;

	for (int i = 0; i < MODEL_LEVELS; i++)
		points += levels[i].h * levels[i].w;
	return points;
}

/* Expectation of the bins' softmax. */
static float distance(const float *logit)
{
	float top = logit[0], sum = 0, moment = 0;

	for (int j = 1; j < MODEL_BINS; j++)
		top = logit[j] > top ? logit[j] : top;
	for (int j = 0; j < MODEL_BINS; j++) {
		float e = expf(logit[j] - top);

		sum += e;
		moment += e * (float)j;
	}
	return moment / sum;
}

static void decode_box(const struct job *job, size_t image, int at,
		       const float *reg)
{
	const struct decode_level *l = job->level;
	const float *scale = job->scale_factor + 2 * image;
	float stride = (float)l->stride;
	float x = (float)(at % l->w) + 0.5f, y = (float)(at / l->w) + 0.5f;
	float *box =
		job->boxes +
		(image * (size_t)job->points + (size_t)(job->first + at)) * 4;

	box[0] = (x - distance(reg)) * stride / scale[1];
	box[1] = (y - distance(reg + MODEL_BINS)) * stride / scale[0];
	box[2] = (x + distance(reg + 2 * MODEL_BINS)) * stride / scale[1];
	box[3] = (y + distance(reg + 3 * MODEL_BINS)) * stride / scale[0];
}

static void decode_range(void *ctx, size_t first, size_t last, int chunk)
{
	const struct job *job = ctx;
	const struct decode_level *l = job->level;
	size_t area = (size_t)l->h * (size_t)l->w;
	size_t classes = (size_t)job->classes, points = (size_t)job->points;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		size_t image = i / area, at = i % area;
		float *score = job->scores + image * classes * points +
			       (size_t)job->first + at;
		const float *cls = l->cls + i * classes;

		for (size_t c = 0; c < classes; c++)
			score[c * points] = 1 / (1 + expf(-cls[c]));
		decode_box(job, image, (int)at, l->reg + i * 4 * MODEL_BINS);
	}
}

void decode_images(const struct decode_level levels[MODEL_LEVELS], int n,
		   int classes, const float *scale_factor, float *boxes,
		   float *scores)
{
	struct job job = { .classes = classes,
			   .points = decode_points(levels),
			   .scale_factor = scale_factor,
			   .boxes = boxes,
			   .scores = scores };

	for (int i = 0; i < MODEL_LEVELS; i++) {
		size_t area = (size_t)levels[i].h * (size_t)levels[i].w;

		job.level = &levels[i];
		fl_par_for((size_t)n * area, 64, decode_range, &job);
		job.first += (int)area;
	}
}

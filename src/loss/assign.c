/* What the assigners share: memory for the largest step, the pyramid of a step, and
 * how much boxes overlap. */
#include "loss/assign.h"

#include <stdlib.h>

void assignment_open(struct assignment *a, const struct assign_options *options,
		     int images, int points)
{
	size_t n = (size_t)images * (size_t)points;

	*a = (struct assignment){ .options = *options };
	a->pred = fl_calloc(n * 4, sizeof(float));
	a->box = fl_calloc(n, sizeof(int));
	a->claims = fl_calloc(n, sizeof(int));
	a->score = fl_calloc(n, sizeof(float));
	a->ranked = fl_calloc(n, sizeof(*a->ranked));
}

void assignment_close(struct assignment *a)
{
	free(a->pred);
	free(a->box);
	free(a->claims);
	free(a->score);
	free(a->ranked);
}

void assignment_begin(struct assignment *a, const struct loss_input *input)
{
	a->input = *input;
	a->points = 0;
	for (int i = 0; i < input->levels; i++) {
		const struct head_map *m = &input->maps[i];

		a->levels[i] = (struct assign_level){ .h = m->cls.h,
						      .w = m->cls.w,
						      .stride = m->stride };
		a->first[i] = a->points;
		a->points += m->cls.h * m->cls.w;
	}
}

float assign_iou(const float *a, const float *b, float epsilon)
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

/* What the assigners share: memory for the largest step and the pyramid of a
 * step. A family's loss opens one assignment, begins it in each step and calls
 * an assigner once for each image (ppyoloe/loss.c). */
#include "loss/assign.h"

#include <stdlib.h>

void assignment_open(struct assignment *a, const struct assign_options *options,
		     int images, int points)
{
	size_t n = (size_t)images * (size_t)points;

	*a = (struct assignment){ .options = *options };
	/* For all images at once, since images are assigned by different
	 * threads. */
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
		/* Points are counted coarse to fine, as the head lists its
		 * levels. */
		a->first[i] = a->points;
		a->points += m->cls.h * m->cls.w;
	}
}

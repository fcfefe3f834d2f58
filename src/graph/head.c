/* What the loss, the decoding and the probe ask of a head: its maps with their
 * gradients in a plan, and how many points it has.
 * One place for all three, so that they cannot count levels or round sides
 * differently. */
#include "graph/head.h"

void head_maps(const struct plan *plan, const struct head *head,
	       struct head_map maps[HEAD_MOST])
{
	for (int i = 0; i < head->count; i++) {
		int cls = head->level[i].cls, reg = head->level[i].reg;

		maps[i] = (struct head_map){ .stride = head->level[i].stride,
					     .cls = plan_value(plan, cls),
					     .reg = plan_value(plan, reg),
					     .dcls = plan_gradient(plan, cls),
					     .dreg = plan_gradient(plan, reg) };
	}
}

int head_points(const struct head *head, int height, int width)
{
	int points = 0;

	for (int i = 0; i < head->count; i++)
		points += height / head->level[i].stride *
			  (width / head->level[i].stride);
	return points;
}

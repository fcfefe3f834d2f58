/* Places for the buffers of a plan in one slab. Called once for a plan, after
 * lifetime.c has said when each buffer lives. */
#include "graph/plan_priv.h"

#include <stdlib.h>

/* Buffers are placed largest first, each at the lowest offset where it meets
 * no placed buffer that lives at the same time. For networks this comes
 * within a few per cent of the lower bound (the largest sum of live bytes). */

static int larger_first(const void *a, const void *b)
{
	const struct plan_buffer *x = *(struct plan_buffer *const *)a;
	const struct plan_buffer *y = *(struct plan_buffer *const *)b;

	if (x->bytes != y->bytes)
		return x->bytes < y->bytes ? 1 : -1;
	/* qsort keeps no order of equals, and places must be the same in every
	 * start and on every rank; so ties go by life, then by the order in
	 * which buffers were made. */
	if (x->first != y->first)
		return x->first - y->first;
	return x < y ? -1 : x > y;
}

/* first and last are both included: who reads a buffer as another is written in
 * the same node must not have the same place. */
static bool live_together(const struct plan_buffer *a,
			  const struct plan_buffer *b)
{
	return a->first <= b->last && b->first <= a->last;
}

/* Lowest offset for b above 'from' that no placed neighbour overlaps; the
 * neighbours are visited until none pushes b further up. */
static size_t lowest_offset(struct plan_buffer **placed, int count,
			    const struct plan_buffer *b)
{
	size_t at = 0;
	bool moved = true;

	while (moved) {
		moved = false;
		for (int i = 0; i < count; i++) {
			const struct plan_buffer *o = placed[i];

			if (!live_together(o, b) ||
			    at >= o->offset + o->bytes ||
			    o->offset >= at + b->bytes)
				continue;
			at = o->offset + o->bytes;
			moved = true;
		}
	}
	return at;
}

size_t plan_pack(struct plan_buffer *buffers, int count)
{
	struct plan_buffer **order =
		fl_calloc((size_t)count + 1, sizeof(struct plan_buffer *));
	size_t need = 0;

	for (int i = 0; i < count; i++)
		order[i] = &buffers[i];
	qsort(order, (size_t)count, sizeof(struct plan_buffer *), larger_first);
	for (int i = 0; i < count; i++) {
		struct plan_buffer *b = order[i];

		b->offset = lowest_offset(order, i, b);
		if (b->offset + b->bytes > need)
			need = b->offset + b->bytes;
	}
	free(order);
	return need;
}

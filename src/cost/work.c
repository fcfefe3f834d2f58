/* work.c - walks the graph once with the size of every value as a share of the
 * picture's. Nothing is planned and no size is needed, so all sizes of a recipe
 * and all batches are one multiplication away. */
#include "cost/work.h"

#include "base/arena.h"

#include <stdlib.h>

/* How often a backend goes over the elements of a map, as device/ref does it:
 * a convolution reads one and writes another in each of three directions; a
 * norm sums, applies, sums again and applies backward. */
#define CONV_TIMES 3
#define NORM_TIMES 8
#define OTHER_TIMES 4

/* Pixels of a value for each pixel of the picture. */
static double share_of(const struct graph *g, const struct graph_node *n,
		       const double *share)
{
	double in = n->ins > 0 ? share[n->in[0]] : 1;

	if (n->out >= 0 && g->values[n->out].vector)
		return 0;
	switch (n->kind) {
	case GRAPH_CONV:
		return in / n->stride / n->stride;
	case GRAPH_UPSAMPLE:
		return in * 4;
	default:
		return in;
	}
}

static void add_conv(const struct graph *g, const struct graph_node *n,
		     const double *share, struct cost_work *w)
{
	double cin = g->values[n->in[0]].channels,
	       cout = g->values[n->out].channels;
	/* The picture has no gradient. */
	double directions = n->in[0] == g->input ? 2 : 3;
	double flops =
		directions * 2 * n->k * n->k * cin * cout * share[n->out];

	if (n->k > 1)
		w->wide_flops += flops;
	else
		w->thin_flops += flops;
	w->elements +=
		CONV_TIMES * (cin * share[n->in[0]] + cout * share[n->out]);
}

void cost_work_of(const struct graph *g, struct cost_work *w)
{
	double *share = fl_calloc((size_t)g->value_count + 1, sizeof(*share));

	*w = (struct cost_work){ .parameters = (double)g->flat_count,
				 .statistics = (double)g->statistic_count };
	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];
		double elements;

		share[n->out] = share_of(g, n, share);
		elements = g->values[n->out].channels * share[n->out];
		if (n->kind == GRAPH_CONV) {
			add_conv(g, n, share, w);
		} else if (n->kind == GRAPH_NORM) {
			w->norms++;
			w->elements += NORM_TIMES * elements * n->branches;
		} else if (n->kind != GRAPH_INPUT) {
			w->elements += OTHER_TIMES * elements;
		}
	}
	free(share);
}

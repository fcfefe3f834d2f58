/* recompute.c - which maps of a training plan are dropped after forward, and which
 * nodes run again in backward. Called by lifetime.c while it finds the lives of
 * buffers; nothing here happens without graph->recompute.
 *
 * A dropped value is made again right before the backward of the last node that
 * reads it then, or that reads what is made of it: time runs backwards through
 * nodes, so that is the earliest of its needs. What a node needs to run again is
 * needed at that time too, up to values that stayed: boundaries of blocks. */
#include "graph/plan_priv.h"

/* Vectors are small, and collectives and gates stand on them. */
static bool can_drop(const struct plan *p, int v)
{
	const struct graph_value *value = &p->graph->values[v];

	return v != p->graph->input && !value->vector && !value->output &&
	       !value->boundary;
}

void plan_choose_dropped(struct plan *p)
{
	const struct graph *g = p->graph;

	for (int i = 0; i < g->node_count; i++)
		p->nodes[i].again = -1;
	for (int v = 0; v < g->value_count; v++) {
		p->values[v].need = p->values[v].last = -1;
		p->values[v].dropped = g->recompute &&
				       p->key.mode == PLAN_TRAIN &&
				       can_drop(p, v);
	}
	/* A concat and its slices share a buffer, and its lives: one that stays
	 * keeps all. */
	for (int v = 0; v < g->value_count; v++)
		if (p->values[v].concat >= 0 && !p->values[v].dropped)
			p->values[p->values[v].concat].dropped = false;
	for (int v = 0; v < g->value_count; v++)
		if (p->values[v].concat >= 0 &&
		    !p->values[p->values[v].concat].dropped)
			p->values[v].dropped = false;
}

void plan_need(struct plan *p, int value, int time)
{
	struct plan_value *v = &p->values[value];

	if (!v->dropped) {
		plan_data_place(p, value, time);
		return;
	}
	if (v->need < 0 || time < v->need)
		v->need = time;
	if (time > v->last)
		v->last = time;
}

/* Consumers stand behind producers, so a need is known when its node's turn comes. */
void plan_place_again(struct plan *p)
{
	const struct graph *g = p->graph;

	for (int i = g->node_count - 1; i > 0; i--) {
		const struct graph_node *n = &g->nodes[i];
		const struct plan_value *v = &p->values[n->out];

		if (v->need < 0)
			continue;
		p->nodes[i].again = 2 * g->node_count - v->need;
		plan_again_place(p, n->out, v->need);
		plan_again_place(p, n->out, v->last);
		for (int k = 0; k < n->ins; k++)
			plan_need(p, n->in[k], v->need);
	}
}

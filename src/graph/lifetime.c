/* Which buffers a plan has and from when to when each lives: first those of the
 * values (plan_place_data), then those of the gradients (plan_place_gradients).
 * A value may lie in its concat's buffer as a slice; a gradient may take over
 * the buffer of the one it comes from. memory.c then finds places for them all.
 * Times are those of plan.h: node i runs at i and at 2n - i, the loss at n. A
 * buffer lives from its first use to its last, whatever the uses were, so all
 * code here only reports uses. */
#include "graph/plan_priv.h"

/* Index of a new buffer that lives at 'time' alone for now; p->buffers may
 * move. */
static int plan_add_buffer(struct plan *p, size_t bytes, int time)
{
	if (p->buffer_count == p->buffer_cap) {
		p->buffer_cap = 2 * p->buffer_cap + 64;
		p->buffers =
			fl_realloc(p->buffers,
				   (size_t)p->buffer_cap * sizeof(*p->buffers));
	}
	/* Whole cache lines, so that every buffer starts on one. */
	p->buffers[p->buffer_count] = (struct plan_buffer){
		.bytes = (bytes + 63) / 64 * 64, .first = time, .last = time
	};
	return p->buffer_count++;
}

static void plan_use(struct plan *p, int buffer, int time)
{
	struct plan_buffer *b = &p->buffers[buffer];

	if (time < b->first)
		b->first = time;
	if (time > b->last)
		b->last = time;
}

static size_t value_count(const struct plan *p, int v)
{
	const struct plan_value *pv = &p->values[v];

	return (size_t)p->key.batch * (size_t)pv->h * (size_t)pv->w *
	       (size_t)pv->c;
}

static size_t value_bytes(const struct plan *p, int v)
{
	return value_count(p, v) * dtype_bytes(p->values[v].type);
}

/* May v be written straight into its slice of the concat at node 'at'? Its
 * producer must write, and everyone else who reads it must read, with a
 * stride, and they must come before the concat, so that backward reaches them
 * when the slice's gradient is there. */
static bool can_be_slice(const struct graph *g, int v, int at)
{
	enum graph_kind made = g->nodes[g->values[v].producer].kind;

	if (made != GRAPH_NORM && made != GRAPH_UPSAMPLE &&
	    made != GRAPH_MAXPOOL && made != GRAPH_SCALE)
		return false;
	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];

		for (int k = 0; k < n->ins; k++) {
			if (n->in[k] != v || i == at)
				continue;
			/* Convolutions want dense sources, and a value can lie
			 * in one concat only. */
			if (i > at || n->kind == GRAPH_CONV ||
			    n->kind == GRAPH_CONCAT)
				return false;
		}
	}
	return true;
}

/* Before any place is given: a place of a slice asks for its concat's. */
static void find_slices(struct plan *p)
{
	const struct graph *g = p->graph;

	for (int v = 0; v < g->value_count; v++)
		p->values[v].concat = -1;
	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];
		int channel = 0;

		for (int k = 0; n->kind == GRAPH_CONCAT && k < n->ins; k++) {
			struct plan_value *pv = &p->values[n->in[k]];

			p->nodes[i].copied[k] = !can_be_slice(g, n->in[k], i);
			if (!p->nodes[i].copied[k]) {
				pv->concat = n->out;
				pv->channel = channel;
			}
			channel += pv->c;
		}
	}
}

/* A slice of its concat's buffer, or a buffer of its own; made at the first call. */
static struct plan_place *place(struct plan *p, int v, int time, bool again)
{
	struct plan_value *pv = &p->values[v];
	struct plan_place *at = again ? &pv->again : &pv->data;

	/* No concat is a slice itself (can_be_slice), so channel counts from
	 * the buffer's start. */
	if (at->buffer < 0 && pv->concat >= 0) {
		*at = *place(p, pv->concat, time, again);
		at->channel = pv->channel;
	} else if (at->buffer < 0) {
		*at = (struct plan_place){
			plan_add_buffer(p, value_bytes(p, v), time), 0, pv->c
		};
	}
	plan_use(p, at->buffer, time);
	return at;
}

struct plan_place *plan_data_place(struct plan *p, int value, int time)
{
	return place(p, value, time, false);
}

struct plan_place *plan_again_place(struct plan *p, int value, int time)
{
	return place(p, value, time, true);
}

/* Which of its inputs and outputs a node reads again in backward. A norm
 * computes its activation again from z, so the map behind it may go; gates know
 * their slope from their value; pooling has its winners; what is left reads
 * nothing. */
static void backward_uses(struct plan *p, int node)
{
	const struct graph_node *n = &p->graph->nodes[node];
	int t = plan_backward_time(p, node);

	switch (n->kind) {
	case GRAPH_CONV:
		plan_need(p, n->in[0], t);
		break;
	case GRAPH_NORM:
		for (int k = 0; k < n->branches; k++)
			plan_need(p, n->in[k], t);
		break;
	case GRAPH_FC:
		plan_need(p, n->in[0], t);
		plan_need(p, n->out, t);
		break;
	case GRAPH_SCALE:
		plan_need(p, n->in[0], t);
		plan_need(p, n->in[1], t);
		break;
	case GRAPH_MAXPOOL:
		plan_use(p, p->nodes[node].arg, t);
		break;
	default:
		break;
	}
}

void plan_place_data(struct plan *p)
{
	const struct graph *g = p->graph;
	int n = g->node_count;

	for (int v = 0; v < g->value_count; v++)
		p->values[v].data.buffer = p->values[v].grad.buffer =
			p->values[v].again.buffer = -1;
	find_slices(p);
	plan_choose_dropped(p);
	/* The host writes the picture before node 1 runs. */
	plan_data_place(p, g->input, 0);
	for (int i = 0; i < n; i++) {
		const struct graph_node *node = &g->nodes[i];

		for (int k = 0; k < node->ins; k++)
			plan_data_place(p, node->in[k], plan_forward_time(i));
		/* With running statistics the normalised map overwrites the
		 * convolution's: nobody reads that one again (op.h allows
		 * it). */
		if (node->kind == GRAPH_NORM && !plan_backward_wanted(p) &&
		    p->values[node->out].concat < 0)
			p->values[node->out].data = p->values[node->in[0]].data;
		plan_data_place(p, node->out, plan_forward_time(i));
		if (node->kind == GRAPH_MAXPOOL && plan_backward_wanted(p))
			p->nodes[i].arg =
				plan_add_buffer(p,
						value_count(p, node->out) *
							dtype_bytes(DTYPE_U8),
						plan_forward_time(i));
		if (plan_backward_wanted(p))
			backward_uses(p, i);
	}
	plan_place_again(p);
	for (int v = 0; v < g->value_count; v++) {
		if (g->values[v].output)
			plan_data_place(p, v, n);
		if (p->key.mode == PLAN_PROBE)
			plan_data_place(p, v, 2 * n);
	}
}

/* The gradient of v is written or added to at this time; returns whether it
 * was there before. */
static bool grad_write(struct plan *p, int v, int time)
{
	struct plan_value *pv = &p->values[v];
	bool before = pv->written;

	if (pv->grad.buffer < 0 && pv->concat >= 0) {
		/* The concat's own gradient is complete by now: everything that
		 * reads the concat stands behind it, and backward has passed
		 * it. So this "adds". */
		pv->grad = p->values[pv->concat].grad;
		pv->grad.channel = pv->channel;
		before = true;
	} else if (pv->grad.buffer < 0) {
		pv->grad = (struct plan_place){
			plan_add_buffer(p, value_bytes(p, v), time), 0, pv->c
		};
	}
	pv->written = true;
	plan_use(p, pv->grad.buffer, time);
	/* read by the producer's backward */
	plan_use(p, pv->grad.buffer,
		 p->key.mode == PLAN_PROBE
			 ? 2 * p->graph->node_count
			 : plan_backward_time(p, p->graph->values[v].producer));
	return before;
}

/* The gradient of v takes over the memory of the gradient of 'from'. */
static void grad_take(struct plan *p, int v, int from, int time)
{
	p->values[v].grad = p->values[from].grad;
	grad_write(p, v, time);
}

/* A norm's backward leaves g = dy act'(s) first and then each branch's gradient
 * out of it, so one of the gradients may lie where dy lies: the residual's,
 * which is dy itself, or else the first branch's, which is written last
 * (norm.c). Never in a probe, and never where dy is a slice, whose buffer other
 * values share. */
static void norm_gradients(struct plan *p, int node)
{
	const struct graph_node *n = &p->graph->nodes[node];
	struct plan_node *pn = &p->nodes[node];
	int t = plan_backward_time(p, node);
	bool free_to_share =
		p->key.mode != PLAN_PROBE && p->values[n->out].concat < 0;

	if (n->residual) {
		int r = n->in[n->branches];
		struct plan_value *pv = &p->values[r];

		/* The first writer of the residual's gradient: dy is it, and
		 * nothing is copied. dy has to stay then, so the first branch
		 * gets a buffer. */
		if (free_to_share && !pv->written && pv->concat < 0) {
			pn->residual = RESIDUAL_SHARED;
			grad_take(p, r, n->out, t);
			free_to_share = false;
		} else {
			pn->residual = grad_write(p, r, t) ? RESIDUAL_ADD
							   : RESIDUAL_COPY;
		}
	}
	if (free_to_share)
		grad_take(p, n->in[0], n->out, t);
	else
		grad_write(p, n->in[0], t);
	/* The second branch's gradient is written while g is still read. */
	for (int k = 1; k < n->branches; k++)
		grad_write(p, n->in[k], t);
}

void plan_place_gradients(struct plan *p)
{
	const struct graph *g = p->graph;
	int n = g->node_count;

	for (int v = 0; v < g->value_count; v++)
		if (g->values[v].output)
			grad_write(p, v, n);
	for (int i = n - 1; i >= 0; i--) {
		const struct graph_node *node = &g->nodes[i];
		struct plan_node *pn = &p->nodes[i];
		int t = plan_backward_time(p, i);

		if (node->kind == GRAPH_NORM) {
			norm_gradients(p, i);
			continue;
		}
		for (int k = 0; k < node->ins; k++) {
			if (node->in[k] == g->input)
				continue; /* nobody asks for it */
			pn->acc[k] = grad_write(p, node->in[k], t);
		}
	}
}

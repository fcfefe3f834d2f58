/* Making a plan: shapes and types of all values, kernels of all nodes, lives of
 * the buffers (lifetime.c), places in the slab (memory.c). detect/plans.c makes
 * those of all sizes before step 0, finds the slab that the largest needs, and
 * binds it to each. Running one is run.c. */
#include "graph/plan_priv.h"

#include <stdlib.h>

/* The one place that decides types: maps have the plan's precision; what is a
 * vector, what the loss reads, and the picture as the host has it, is F32. */
static enum dtype type_of(const struct plan *p, int value)
{
	const struct graph_value *v = &p->graph->values[value];

	return v->vector || v->output || value == p->graph->input
		       ? DTYPE_F32
		       : p->key.precision;
}

/* Nodes stand in order of computing, so the inputs' shapes are known. All but
 * convolutions and upsampling keep the size; inputs of a concat or a residual
 * that differ are found by check_shapes. */
static void infer_shape(struct plan *p, int node)
{
	const struct graph_node *n = &p->graph->nodes[node];
	struct plan_value *out = &p->values[n->out];
	const struct plan_value *in = n->ins ? &p->values[n->in[0]] : NULL;

	out->c = p->graph->values[n->out].channels;
	out->type = type_of(p, n->out);
	if (n->kind == GRAPH_INPUT) {
		out->h = p->key.height;
		out->w = p->key.width;
	} else if (p->graph->values[n->out].vector) {
		out->h = out->w = 1;
	} else if (n->kind == GRAPH_CONV) {
		out->h = (in->h - 1) / n->stride + 1; /* padding k / 2 */
		out->w = (in->w - 1) / n->stride + 1;
	} else {
		int factor = n->kind == GRAPH_UPSAMPLE ? 2 : 1;

		out->h = factor * in->h;
		out->w = factor * in->w;
	}
}

/* Maps that meet in a concat or a residual must have one size; they do where
 * the image is a multiple of the coarsest stride. */
static int check_shapes(const struct plan *p, struct fl_err *err)
{
	const struct graph *g = p->graph;

	for (int i = 0; i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];

		if (n->kind != GRAPH_CONCAT && n->kind != GRAPH_NORM)
			continue;
		for (int k = 1; k < n->ins; k++) {
			const struct plan_value *a = &p->values[n->in[0]];
			const struct plan_value *b = &p->values[n->in[k]];

			if (a->h == b->h && a->w == b->w)
				continue;
			return fl_fail(err, FL_ERECIPE,
				       "image size %dx%d does "
				       "not fit the network: maps of %dx%d and "
				       "%dx%d meet; width and height must be "
				       "multiples of 32",
				       p->key.width, p->key.height, a->w, a->h,
				       b->w, b->h);
		}
	}
	return 0;
}

/* One workspace serves all nodes, which run one after another: the largest wish
 * counts. */
static void want_workspace(struct plan *p, size_t bytes)
{
	bytes = (bytes + 63) / 64 * 64;
	if (bytes > p->workspace_bytes)
		p->workspace_bytes = bytes;
}

static int make_conv(struct plan *p, int node, struct fl_err *err)
{
	const struct graph_node *n = &p->graph->nodes[node];
	const struct plan_value *in = &p->values[n->in[0]];
	struct plan_node *pn = &p->nodes[node];
	struct dev_conv_desc d = {
		.n = p->key.batch,
		.h = in->h,
		.w = in->w,
		.cin = in->c,
		.cout = p->values[n->out].c,
		.k = n->k,
		.stride = n->stride,
		.x_type = in->type,
		.y_type = p->values[n->out].type,
		.bias = n->bias >= 0,
		/* An evaluation's convolutions have no backward kernels:
		 * choosing them costs time. */
		.backward = plan_backward_wanted(p),
		/* Nobody asks for the picture's gradient. */
		.diff_src = n->in[0] != p->graph->input,
		.short_sums = p->graph->short_sums,
	};
	int rc = p->ops->conv_new(p->dev, &d, &pn->conv, err);

	/* make_norm, which comes later in the list, says whose branch it is. */
	pn->norm = -1;

	if (rc != 0)
		return fl_context(err, "layer '%s'", n->name);
	want_workspace(p, p->ops->conv_workspace(pn->conv));
	return 0;
}

static void make_norm(struct plan *p, int node)
{
	const struct graph_node *n = &p->graph->nodes[node];

	/* In training each branch's convolution leaves the sums of its map for
	 * the norm (device/op.h): a backend may take them as it writes. With
	 * running statistics nobody wants them. */
	for (int k = 0; k < n->branches && plan_backward_wanted(p); k++) {
		int conv = p->graph->values[n->in[k]].producer;

		FL_ASSERT(p->nodes[conv].conv && p->nodes[conv].norm < 0);
		p->nodes[conv].norm = node;
		p->nodes[conv].branch = k;
	}
	/* Each norm has numbers of its own, which live from its forward to its
	 * backward. */
	p->nodes[node].numbers = p->number_bytes;
	p->number_bytes += norm_bytes(n, p->values[n->out].c);
}

static int make_nodes(struct plan *p, struct fl_err *err)
{
	const struct graph *g = p->graph;
	int rc = 0;

	for (int i = 0; rc == 0 && i < g->node_count; i++) {
		const struct graph_node *n = &g->nodes[i];
		size_t c = (size_t)p->values[n->out].c;

		if (p->values[n->out].c > p->widest)
			p->widest = p->values[n->out].c;
		if (n->kind == GRAPH_CONV)
			rc = make_conv(p, i, err);
		else if (n->kind == GRAPH_NORM)
			make_norm(p, i);
		else if (n->kind == GRAPH_FC) /* its scratch, and dx to add */
			want_workspace(p, 2 * (size_t)p->key.batch * (c + 16) *
						  sizeof(float));
	}
	return rc;
}

int plan_new(const struct graph *graph, struct dev *dev,
	     const struct plan_key *key, struct plan **out, struct fl_err *err)
{
	struct plan *p = fl_calloc(1, sizeof(*p));
	int rc;

	p->graph = graph;
	p->dev = dev;
	p->ops = dev_ops(dev);
	p->key = *key;
	p->values = fl_arena_array(&p->arena, (size_t)graph->value_count,
				   sizeof(*p->values));
	p->nodes = fl_arena_array(&p->arena, (size_t)graph->node_count,
				  sizeof(*p->nodes));
	for (int i = 0; i < graph->node_count; i++)
		infer_shape(p, i);
	rc = check_shapes(p, err);
	if (rc == 0)
		rc = make_nodes(p, err);
	if (rc != 0) {
		plan_free(p);
		return rc;
	}
	/* Data before gradients: a gradient may take over places only when all
	 * lives of values are known. */
	plan_place_data(p);
	if (plan_backward_wanted(p))
		plan_place_gradients(p);
	p->map_bytes = plan_pack(p->buffers, p->buffer_count);
	*out = p;
	return 0;
}

void plan_free(struct plan *p)
{
	if (!p)
		return;
	for (int i = 0; i < p->graph->node_count; i++)
		/* None: another kind of node, or a plan that failed before. */
		if (p->nodes[i].conv)
			p->ops->conv_free(p->nodes[i].conv);
	free(p->buffers);
	fl_arena_release(&p->arena);
	free(p);
}

const struct plan_key *plan_key(const struct plan *p)
{
	return &p->key;
}

/* In the order in which they lie: maps, numbers of the norms, what all norms
 * share. */
size_t plan_activation_bytes(const struct plan *p)
{
	return p->map_bytes + p->number_bytes + norm_shared_bytes(p->widest);
}

size_t plan_workspace_bytes(const struct plan *p)
{
	return p->workspace_bytes;
}

void plan_bind(struct plan *p, void *activations, void *workspace)
{
	p->activations = activations;
	p->workspace = workspace;
}

static struct tensor tensor_at(const struct plan *p, int value,
			       const struct plan_place *at)
{
	const struct plan_value *v = &p->values[value];
	/* Before plan_bind() shapes are right and data is NULL, and so it stays
	 * for what has no place (the picture's gradient; gradients of an
	 * evaluation). */
	struct tensor t = { NULL, v->type, p->key.batch, v->h,
			    v->w, v->c,	   at->ld };

	if (p->activations && at->buffer >= 0)
		t.data = p->activations + p->buffers[at->buffer].offset +
			 (size_t)at->channel * dtype_bytes(v->type);
	return t;
}

struct tensor plan_value(const struct plan *p, int value)
{
	const struct plan_value *v = &p->values[value];

	return tensor_at(p, value,
			 v->dropped && p->in_backward ? &v->again : &v->data);
}

struct tensor plan_gradient(const struct plan *p, int value)
{
	return tensor_at(p, value, &p->values[value].grad);
}

/* A network as a list of nodes in the order of computing, made by calls:
 * graph_conv, graph_norm and so on add one each. model/blocks.c and the
 * families call them, then graph_finish once, which lays all parameters into
 * one flat row, in the order in which backward finishes their gradients, so
 * that buckets of the all-reduce are ranges; each starts on a cache line.
 * graph_init_params draws their first values by name and index, the same on
 * every rank. */
#include "graph/graph.h"

#include "base/rng.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* In floats: parameters start on cache lines, so that kernels may use aligned
 * loads. */
#define PARAM_ALIGN 16

struct graph *graph_new(int channels)
{
	struct graph *g = fl_calloc(1, sizeof(*g));
	struct graph_node *n;

	g->nodes = fl_calloc(1, sizeof(*g->nodes));
	/* Node 0 and value 0 are the picture; graph.input stays 0. */
	n = &g->nodes[g->node_count++];
	n->kind = GRAPH_INPUT;
	n->name = "input";
	g->values = fl_calloc(1, sizeof(*g->values));
	g->values[g->value_count++].channels = channels;
	return g;
}

void graph_free(struct graph *g)
{
	if (!g)
		return;
	free(g->nodes);
	free(g->values);
	free(g->params);
	fl_arena_release(&g->arena);
	free(g);
}

/* A new node with a new output value, whose index is that of the node too:
 * every node writes one. A network has some hundreds, so growth by one is quick
 * enough. The pointer holds until the next node is added. */
static struct graph_node *add_node(struct graph *g, enum graph_kind kind,
				   const char *name, int channels)
{
	struct graph_node *n;
	struct graph_value *v;

	g->nodes = fl_realloc(g->nodes,
			      (size_t)(g->node_count + 1) * sizeof(*g->nodes));
	g->values = fl_realloc(g->values, (size_t)(g->value_count + 1) *
						  sizeof(*g->values));
	n = &g->nodes[g->node_count];
	*n = (struct graph_node){ .kind = kind,
				  .name = fl_arena_strdup(&g->arena, name),
				  .out = g->value_count,
				  .weight = -1,
				  .bias = -1,
				  .alpha = -1 };
	v = &g->values[g->value_count++];
	*v = (struct graph_value){ .producer = g->node_count++,
				   .channels = channels };
	return n;
}

static void add_input(struct graph_node *n, int value)
{
	FL_ASSERT(n->ins < GRAPH_MAX_IN);
	n->in[n->ins++] = value;
}

/* A parameter of the node that was added last. Its offset comes with
 * graph_finish(). */
static int add_param(struct graph *g, const char *name, enum graph_role role,
		     int ndims, const int *dims, float constant,
		     float deviation)
{
	struct graph_param *p;

	g->params = fl_realloc(g->params, (size_t)(g->param_count + 1) *
						  sizeof(*g->params));
	p = &g->params[g->param_count];
	*p = (struct graph_param){ .name = fl_arena_strdup(&g->arena, name),
				   .role = role,
				   .ndims = ndims,
				   .count = 1,
				   .constant = constant,
				   .deviation = deviation,
				   .node = g->node_count - 1 };
	for (int i = 0; i < ndims; i++) {
		p->dims[i] = dims[i];
		p->count *= (size_t)dims[i];
	}
	return g->param_count++;
}

/* A vector of a layer: <path>.<leaf> in the state dict. */
static int add_vector(struct graph *g, const char *path, const char *leaf,
		      enum graph_role role, int count, float constant)
{
	const char *name = fl_arena_printf(&g->arena, "%s.%s", path, leaf);

	return add_param(g, name, role, 1, &count, constant, 0);
}

int graph_channels(const struct graph *g, int value)
{
	return g->values[value].channels;
}

int graph_conv(struct graph *g, int in, int cout, int k, int stride,
	       const char *weight_name, const char *bias_name, float bias_start,
	       bool zero_start)
{
	int cin = graph_channels(g, in);
	int dims[4] = { cout, cin, k, k };
	/* Paddle's Conv2D default: normal with sqrt(2 / fan in), not truncated.
	 * zero_start is for the head's last convolutions, which start at their
	 * bias alone. */
	float deviation = zero_start ? 0 : sqrtf(2.0f / (float)(k * k * cin));
	struct graph_node *n = add_node(g, GRAPH_CONV, weight_name, cout);

	add_input(n, in);
	n->k = k;
	n->stride = stride;
	n->weight = add_param(g, weight_name, GRAPH_CONV_WEIGHT, 4, dims, 0,
			      deviation);
	if (bias_name)
		n->bias = add_param(g, bias_name, GRAPH_CONV_BIAS, 1, &cout,
				    bias_start, 0);
	return n->out;
}

int graph_norm(struct graph *g, const struct graph_branch *branches, int count,
	       const char *alpha_name, enum dev_act act, int residual)
{
	int channels = graph_channels(g, branches[0].value);
	struct graph_node *n =
		add_node(g, GRAPH_NORM, branches[0].path, channels);
	int one = 1;

	n->branches = count;
	n->act = act;
	n->residual = residual >= 0;
	for (int i = 0; i < count; i++) {
		const char *path =
			fl_arena_printf(&g->arena, "%s.bn", branches[i].path);

		add_input(n, branches[i].value);
		n->gamma[i] =
			add_vector(g, path, "weight", GRAPH_GAMMA, channels, 1);
		n->beta[i] =
			add_vector(g, path, "bias", GRAPH_BETA, channels, 0);
		n->mean[i] =
			add_vector(g, path, "_mean", GRAPH_MEAN, channels, 0);
		n->variance[i] = add_vector(g, path, "_variance",
					    GRAPH_VARIANCE, channels, 1);
	}
	/* A name in the state dict of its own, for it belongs to the block and
	 * not to one of its two norms. */
	if (alpha_name)
		n->alpha = add_param(g, alpha_name, GRAPH_ALPHA, 1, &one, 1, 0);
	if (residual >= 0)
		/* Behind the branches, where graph.h says that it is. */
		add_input(n, residual);
	return n->out;
}

static int add_simple(struct graph *g, enum graph_kind kind, const char *name,
		      int in, int channels)
{
	struct graph_node *n = add_node(g, kind, name, channels);

	add_input(n, in);
	return n->out;
}

int graph_gap(struct graph *g, int in)
{
	int out = add_simple(g, GRAPH_GAP, "gap", in, graph_channels(g, in));

	g->values[out].vector = true;
	return out;
}

/* Square, as both squeeze-excitation blocks are: a gate for each channel that
 * went in. [out][in][1][1] in files, since the reference has 1x1 convolutions
 * there. */
int graph_fc(struct graph *g, int in, const char *path, enum dev_gate gate,
	     float deviation)
{
	int c = graph_channels(g, in), dims[4] = { c, c, 1, 1 };
	struct graph_node *n = add_node(g, GRAPH_FC, path, c);

	add_input(n, in);
	n->gate = gate;
	n->weight =
		add_param(g, fl_arena_printf(&g->arena, "%s.weight", path),
			  GRAPH_FC_WEIGHT, 4, dims, 0,
			  deviation > 0 ? deviation : sqrtf(2.0f / (float)c));
	n->bias = add_vector(g, path, "bias", GRAPH_FC_BIAS, c, 0);
	g->values[n->out].vector = true;
	return n->out;
}

int graph_scale(struct graph *g, int map, int vector)
{
	int out = add_simple(g, GRAPH_SCALE, "scale", map,
			     graph_channels(g, map));

	add_input(&g->nodes[g->node_count - 1], vector);
	return out;
}

int graph_maxpool(struct graph *g, int in, int k)
{
	int out = add_simple(g, GRAPH_MAXPOOL, "maxpool", in,
			     graph_channels(g, in));

	g->nodes[g->node_count - 1].k = k;
	return out;
}

int graph_upsample(struct graph *g, int in)
{
	return add_simple(g, GRAPH_UPSAMPLE, "upsample", in,
			  graph_channels(g, in));
}

/* Channels of the inputs in their order. */
int graph_concat(struct graph *g, const int *in, int count)
{
	int channels = 0;
	struct graph_node *n;

	for (int i = 0; i < count; i++)
		channels += graph_channels(g, in[i]);
	n = add_node(g, GRAPH_CONCAT, "concat", channels);
	for (int i = 0; i < count; i++)
		add_input(n, in[i]);
	return n->out;
}

void graph_mark_output(struct graph *g, int value)
{
	g->values[value].output = true;
}

void graph_mark_boundary(struct graph *g, int value)
{
	g->values[value].boundary = true;
}

void graph_name_value(struct graph *g, int value, const char *probe)
{
	g->values[value].probe = fl_arena_strdup(&g->arena, probe);
}

/* Offset of p at 'at', in floats; returns where the next one starts. */
static size_t place(struct graph_param *p, size_t at)
{
	p->offset = at;
	return (at + p->count + PARAM_ALIGN - 1) / PARAM_ALIGN * PARAM_ALIGN;
}

void graph_finish(struct graph *g)
{
	/* From the last node down, as backward goes. What a node's backward has
	 * finished is the flat gradient up to its grads_end; nodes without
	 * parameters repeat the one above. */
	for (int i = g->node_count - 1; i >= 0; i--) {
		for (int p = 0; p < g->param_count; p++) {
			struct graph_param *param = &g->params[p];

			if (param->node != i)
				continue;
			if (graph_role_is_statistic(param->role))
				g->statistic_count =
					place(param, g->statistic_count);
			else
				g->flat_count = place(param, g->flat_count);
		}
		g->nodes[i].grads_end = g->flat_count;
	}
}

const struct graph_param *graph_find_param(const struct graph *g,
					   const char *name)
{
	for (int i = 0; i < g->param_count; i++)
		if (strcmp(g->params[i].name, name) == 0)
			return &g->params[i];
	return NULL;
}

/* A parameter's stream of draws is its name's, so a layer more or less in a
 * model leaves the others' start values as they are. */
static uint64_t name_hash(const char *name)
{
	uint64_t h = 0xCBF29CE484222325u; /* FNV-1a */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001B3u;
	return h;
}

void graph_init_params(const struct graph *g, uint64_t seed, float *flat,
		       float *statistics)
{
	for (int i = 0; i < g->param_count; i++) {
		const struct graph_param *p = &g->params[i];
		bool statistic = graph_role_is_statistic(p->role);
		float *dst = (statistic ? statistics : flat) + p->offset;
		struct fl_rng rng =
			fl_rng_open(seed, FL_RNG_INIT, name_hash(p->name), 0);

		for (size_t k = 0; k < p->count; k++)
			dst[k] = p->deviation > 0 ? (float)(p->deviation *
							    fl_rng_normal(&rng))
						  : p->constant;
	}
}

void graph_param_export(const struct graph_param *p, const float *buffer,
			float *dst)
{
	const float *src = buffer + p->offset;
	size_t in = (size_t)p->dims[1];
	size_t area = p->ndims == 4 ? (size_t)(p->dims[2] * p->dims[3]) : 1;

	if (area == 1) {
		memcpy(dst, src, p->count * sizeof(float));
		return;
	}
	for (size_t o = 0; o < (size_t)p->dims[0]; o++)
		for (size_t i = 0; i < in; i++)
			for (size_t a = 0; a < area; a++)
				/* [out][kh][kw][in] to [out][in][kh][kw] */
				*dst++ = src[(o * area + a) * in + i];
}

void graph_param_import(const struct graph_param *p, float *buffer,
			const float *src)
{
	float *dst = buffer + p->offset;
	size_t in = (size_t)p->dims[1];
	size_t area = p->ndims == 4 ? (size_t)(p->dims[2] * p->dims[3]) : 1;

	if (area == 1) {
		memcpy(dst, src, p->count * sizeof(float));
		return;
	}
	for (size_t o = 0; o < (size_t)p->dims[0]; o++)
		for (size_t i = 0; i < in; i++)
			for (size_t a = 0; a < area; a++)
				/* [out][in][kh][kw] to [out][kh][kw][in] */
				dst[(o * area + a) * in + i] = *src++;
}

/* graph.h - the network as a list of nodes, built once from the recipe.
 *
 * A graph knows what is computed, not how large it is: sizes come with a plan
 * (graph/plan.h) for one batch, height and width. Nodes stand in forward
 * order; backward walks them from the end. Values are what flows between
 * nodes, named by small integers. Every value is written by one node.
 *
 * Parameters lie in one flat float32 buffer in the order in which backward
 * finishes their gradients (last node first), so that the gradient buffer,
 * which has the same layout, can leave in buckets while backward still runs.
 * Velocity and EMA use the same layout again. Running statistics of batch
 * normalisation lie in a second flat buffer.
 *
 * Ownership: a graph owns everything in it; names are copied.
 * Threads: built by one thread, read-only afterwards.
 */
#ifndef FL_GRAPH_GRAPH_H
#define FL_GRAPH_GRAPH_H

#include "base/arena.h"
#include "base/err.h"
#include "device/op.h"

#include <stdbool.h>
#include <stddef.h>

enum graph_kind {
	GRAPH_INPUT,
	GRAPH_CONV,  /* in[0]; param weight, bias */
	GRAPH_NORM,  /* in[0 ..]: branches, then the residual if any */
	GRAPH_GAP,   /* map to vector */
	GRAPH_FC,    /* vector to vector with a gate function */
	GRAPH_SCALE, /* in[0] map, in[1] vector */
	GRAPH_MAXPOOL,
	GRAPH_UPSAMPLE,
	GRAPH_CONCAT,
	GRAPH_KINDS
};

/* What a tensor of the state means; settles its layout, start and decay. */
enum graph_role {
	GRAPH_CONV_WEIGHT, /* [out][kh][kw][in] here, [out,in,kh,kw] in files */
	GRAPH_CONV_BIAS,
	GRAPH_FC_WEIGHT, /* [out][in]; a 1x1 convolution in files */
	GRAPH_FC_BIAS,
	GRAPH_GAMMA,
	GRAPH_BETA,
	GRAPH_ALPHA, /* one element */
	GRAPH_MEAN,  /* running statistics, in the second buffer */
	GRAPH_VARIANCE,
};

struct graph_param {
	const char *name; /* state name of the reference */
	enum graph_role role;
	int dims[4]; /* [out, in, kh, kw], or dims[0] alone */
	int ndims;
	size_t offset; /* floats, in its buffer; a multiple of 16 */
	size_t count;
	float constant;	 /* start value where deviation is 0 */
	float deviation; /* else normal with this standard deviation */
	int node;
};

static inline bool graph_role_is_statistic(enum graph_role role)
{
	return role == GRAPH_MEAN || role == GRAPH_VARIANCE;
}

#define GRAPH_MAX_IN 4

struct graph_node {
	enum graph_kind kind;
	const char *name;
	int in[GRAPH_MAX_IN], ins;
	int out;
	/* conv */
	int k, stride;	  /* k also of maxpool */
	int weight, bias; /* indices of parameters or -1; fc too */
	/* norm */
	int branches;
	bool residual;
	enum dev_act act;
	int gamma[DEV_MAX_BRANCHES], beta[DEV_MAX_BRANCHES];
	int mean[DEV_MAX_BRANCHES], variance[DEV_MAX_BRANCHES];
	int alpha; /* factor of branch 1, or -1 */
	enum dev_gate gate;
	size_t grads_end; /* the flat gradient is final up to here after
			    * this node's backward */
};

struct graph_value {
	int producer;
	int channels;
	bool vector;	   /* [N][C]: height and width 1 */
	bool output;	   /* its gradient comes from outside (the loss) */
	bool boundary;	   /* stays where maps between are computed again */
	const char *probe; /* public name of the activation, or NULL */
};

struct graph {
	struct fl_arena arena;
	struct graph_node *nodes;
	int node_count;
	struct graph_value *values;
	int value_count;
	struct graph_param *params;
	int param_count;
	size_t flat_count;	/* floats of the trained parameters */
	size_t statistic_count; /* floats of the running statistics */
	int input;
	bool short_sums; /* see device/op.h */
	bool recompute;	 /* see graph/plan.h */
};

/* One ConvBN as a branch of a norm: path "backbone.stem.conv1" names
 * path.conv.weight and path.bn.*. */
struct graph_branch {
	int value; /* output of graph_conv */
	const char *path;
};

struct graph *graph_new(int channels);
void graph_free(struct graph *graph);

/* Builders return the value they make. Paths are state-name prefixes. */
int graph_conv(struct graph *g, int in, int cout, int k, int stride,
	       const char *weight_name, const char *bias_name, float bias_start,
	       bool zero_start);
/* alpha_name: learned factor of the second branch, or NULL.
 * residual: a value or -1. */
int graph_norm(struct graph *g, const struct graph_branch *branches, int count,
	       const char *alpha_name, enum dev_act act, int residual);
int graph_gap(struct graph *g, int in);
/* deviation 0: the convolution's default start. */
int graph_fc(struct graph *g, int in, const char *path, enum dev_gate gate,
	     float deviation);
int graph_scale(struct graph *g, int map, int vector);
int graph_maxpool(struct graph *g, int in, int k);
int graph_upsample(struct graph *g, int in);
int graph_concat(struct graph *g, const int *in, int count);
void graph_mark_output(struct graph *g, int value);
/* The end of a block: from here the next maps can be computed again. */
void graph_mark_boundary(struct graph *g, int value);
void graph_name_value(struct graph *g, int value, const char *probe);
int graph_channels(const struct graph *g, int value);

/* Lay out the flat buffers; nothing may be added afterwards. */
void graph_finish(struct graph *g);
const struct graph_param *graph_find_param(const struct graph *g,
					   const char *name);

/* Start values: normal draws of (seed, state name), constants elsewhere. */
void graph_init_params(const struct graph *g, uint64_t seed, float *flat,
		       float *statistics);

/* Copy one parameter between its buffer and the reference's layout
 * ([out,in,kh,kw] for convolution weights, plain otherwise). */
void graph_param_export(const struct graph_param *p, const float *buffer,
			float *reference_layout);
void graph_param_import(const struct graph_param *p, float *buffer,
			const float *reference_layout);

#endif

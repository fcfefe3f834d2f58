/* plan_priv.h - what the parts of a plan share; for src/graph alone. */
#ifndef FL_GRAPH_PLAN_PRIV_H
#define FL_GRAPH_PLAN_PRIV_H

#include "graph/plan.h"

/* A piece of the activation slab with a life. */
struct plan_buffer {
	size_t floats;
	int first, last; /* times, both included */
	size_t offset;	 /* floats from the slab's start, set by memory.c */
};

/* Where a tensor lies: channels [channel, channel + c) of a buffer whose
 * pixels are ld floats apart. buffer -1: nowhere. */
struct plan_place {
	int buffer, channel, ld;
};

struct plan_value {
	int h, w, c;
	int concat;  /* the concat value this one is a slice of, or -1 */
	int channel; /* its first channel there */
	struct plan_place data, grad;
	bool written; /* while planning: the gradient has a first writer */
};

enum plan_residual {
	RESIDUAL_NONE,
	RESIDUAL_SHARED,
	RESIDUAL_COPY,
	RESIDUAL_ADD
};

struct plan_node {
	struct dev_conv *conv;
	bool acc[GRAPH_MAX_IN];	   /* backward adds to the input's gradient */
	bool copied[GRAPH_MAX_IN]; /* concat: input is not a slice, copy it */
	enum plan_residual residual;
	int arg; /* maxpool: buffer of the winners */
	/* norm, per branch: [C] each */
	float *scale[DEV_MAX_BRANCHES], *shift[DEV_MAX_BRANCHES];
	float *mean[DEV_MAX_BRANCHES], *inverse[DEV_MAX_BRANCHES];
	double count; /* values per channel of the statistics */
};

struct plan {
	struct fl_arena arena;
	const struct graph *graph;
	const struct device *device;
	struct plan_key key;
	struct plan_value *values;
	struct plan_node *nodes;
	struct plan_buffer *buffers;
	int buffer_count, buffer_cap;
	size_t activation_floats, workspace_bytes;
	float *activations;
	char *workspace;
	double *sums;	     /* scratch of the norms */
	float *coefficients; /* 3 C floats, scratch of their backward */
};

int plan_add_buffer(struct plan *p, size_t floats, int time);
void plan_use(struct plan *p, int buffer, int time);

/* lifetime.c: data and gradient buffers with their lives. */
void plan_place_data(struct plan *p);
void plan_place_gradients(struct plan *p);
/* memory.c: offsets for all buffers; returns the floats needed. */
size_t plan_pack(struct plan_buffer *buffers, int count);

/* norm.c */
int norm_run_forward(struct plan *p, int node, struct plan_run *run,
		     struct fl_err *err);
int norm_run_backward(struct plan *p, int node, struct plan_run *run,
		      struct fl_err *err);

static inline bool plan_backward_wanted(const struct plan *p)
{
	return p->key.mode != PLAN_EVAL;
}

static inline int plan_forward_time(int node)
{
	return node;
}

static inline int plan_backward_time(const struct plan *p, int node)
{
	return 2 * p->graph->node_count - node;
}

#endif

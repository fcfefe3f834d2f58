/* plan_priv.h - what the parts of a plan share; for src/graph alone. */
#ifndef FL_GRAPH_PLAN_PRIV_H
#define FL_GRAPH_PLAN_PRIV_H

#include "graph/plan.h"

/* A piece of the activation slab with a life. */
struct plan_buffer {
	size_t bytes;
	int first, last; /* times, both included */
	size_t offset;	 /* bytes from the slab's start, set by memory.c */
};

/* Where a tensor lies: channels [channel, channel + c) of a buffer whose
 * pixels are ld elements apart. buffer -1: nowhere. */
struct plan_place {
	int buffer, channel, ld;
};

struct plan_value {
	int h, w, c;
	enum dtype type;
	int concat;  /* the concat value this one is a slice of, or -1 */
	int channel; /* its first channel there */
	struct plan_place data, grad;
	/* dropped: between forward and backward it is nowhere; in backward it
	 * lies in 'again', from need to last, or nowhere (need -1) */
	bool dropped;
	struct plan_place again;
	int need, last;
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
	int norm, branch; /* conv: of whom it is a branch in training, or -1 */
	bool acc[GRAPH_MAX_IN];	   /* backward adds to the input's gradient */
	bool copied[GRAPH_MAX_IN]; /* concat: input is not a slice, copy it */
	enum plan_residual residual;
	int arg;   /* maxpool: buffer of the winners */
	int again; /* before whose backward it runs again, or -1 */
	/* norm: where its count and vectors begin behind the maps, as
	 * norm.c lays them out */
	size_t numbers;
};

struct plan {
	struct fl_arena arena;
	const struct graph *graph;
	struct dev *dev;
	const struct dev_ops *ops;
	struct plan_key key;
	struct plan_value *values;
	struct plan_node *nodes;
	struct plan_buffer *buffers;
	int buffer_count, buffer_cap;
	/* The slab: maps, then the numbers of the norms, which live from
	 * forward to backward, then what all norms share. */
	size_t map_bytes, number_bytes, workspace_bytes;
	int widest; /* channels */
	char *activations, *workspace;
	bool in_backward; /* dropped values are where they are made again */
};

/* lifetime.c: data and gradient buffers with their lives. */
void plan_place_data(struct plan *p);
void plan_place_gradients(struct plan *p);
/* recompute.c: which values are dropped; when they are asked for in backward, with
 * what is needed to make them, which nodes run again. */
void plan_choose_dropped(struct plan *p);
void plan_need(struct plan *p, int value, int time);
void plan_place_again(struct plan *p);
/* lifetime.c: a buffer's life takes in this time; the place of a value, made at the
 * first call; its data or, if dropped, what it is in backward. */
struct plan_place *plan_data_place(struct plan *p, int value, int time);
struct plan_place *plan_again_place(struct plan *p, int value, int time);
/* memory.c: offsets for all buffers; returns the bytes needed. */
size_t plan_pack(struct plan_buffer *buffers, int count);

/* norm.c. Bytes of one norm's numbers, and of what all share. */
size_t norm_bytes(const struct graph_node *node, int channels);
size_t norm_shared_bytes(int widest);
/* Where the sums of a branch's map go in the forward pass. */
double *norm_branch_sums(const struct plan *p, int node, int branch);
int norm_run_forward(struct plan *p, int node, struct plan_run *run,
		     struct fl_err *err);
/* The normalised map once more, of statistics that are there. */
void norm_run_again(struct plan *p, int node, struct plan_run *run);
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

/* plan.h - a graph at one size and precision: shapes, types, chosen kernels,
 * places in memory.
 *
 * Plans for all image sizes of a run are made before step 0; they share one
 * slab of activations, large enough for the largest, and one workspace. A step
 * allocates nothing. Places are found by liveness: buffers whose lives do not
 * meet share memory, concat inputs are written in place, the gradient of a
 * residual takes over its block's gradient, and a normalisation's gradient
 * overwrites the one it came from.
 *
 * With graph->recompute a training plan drops what lies between boundaries of
 * blocks after the forward pass, and backward computes it again before it first
 * asks for a part of it: the same operations on the same bytes, so the same bits.
 * Statistics of norms stay; nothing is summed over ranks twice.
 *
 * Time, for liveness: node i of n runs forward at i and backward at 2n - i;
 * the loss stands between, at n.
 */
#ifndef FL_GRAPH_PLAN_H
#define FL_GRAPH_PLAN_H

#include "comm/comm.h"
#include "device/device.h"
#include "graph/graph.h"

enum plan_mode {
	PLAN_TRAIN, /* batch statistics, backward */
	PLAN_EVAL,  /* running statistics, forward only */
	PLAN_PROBE, /* as train, but every value and gradient stays readable */
};

struct plan_key {
	enum plan_mode mode;
	int batch, height, width;
	/* Of maps between operations. The picture, vectors, what the loss
	 * reads, parameters and statistics are F32 always. */
	enum dtype precision;
};

static inline struct plan_key plan_key_make(enum plan_mode mode,
					    enum dtype precision, int batch,
					    int height, int width)
{
	return (struct plan_key){ mode, batch, height, width, precision };
}

struct plan;

int plan_new(const struct graph *graph, struct dev *dev,
	     const struct plan_key *key, struct plan **out, struct fl_err *err);
void plan_free(struct plan *plan);
const struct plan_key *plan_key(const struct plan *plan);
size_t plan_activation_bytes(const struct plan *plan);
size_t plan_workspace_bytes(const struct plan *plan);
/* Give the plan its memory (the device's own), borrowed until plan_free(). */
void plan_bind(struct plan *plan, void *activations, void *workspace);

/* Where a value and its gradient are, valid while their lives last: the input
 * before forward, outputs (and their gradients) between forward and backward,
 * everything in PLAN_PROBE. Shapes are known before plan_bind(). */
struct tensor plan_value(const struct plan *plan, int value);
struct tensor plan_gradient(const struct plan *plan, int value);

/* Seconds by kind of work, added up until the caller clears them. */
struct plan_times {
	double conv_forward, conv_data, conv_weights;
	double norm_forward, norm_backward, other, sync_bn;
};

/* The state a plan runs on, in device memory; flat buffers as laid out by
 * graph_finish(). */
struct plan_run {
	struct dev_queue *queue; /* all work of the plan goes into it */
	const float *weights;
	float *grads;	   /* backward only */
	float *statistics; /* running mean and variance, updated in training */
	/* Statistics are taken over all ranks of comm; NULL: over this rank. */
	struct comm *comm;
	/* Ranks weigh equally although their sizes differ, as the reference's
	 * SyncBatchNorm does; else by their counts. */
	bool equal_ranks;
	struct plan_times times;
	/* Called as soon as grads[0 .. end) are final. */
	void (*grads_ready)(void *ctx, size_t end);
	void *ctx;
};

/* Fail only if a collective does. */
int plan_forward(struct plan *plan, struct plan_run *run, struct fl_err *err);
int plan_backward(struct plan *plan, struct plan_run *run, struct fl_err *err);

#endif

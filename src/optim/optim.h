/* optim.h - momentum with weight decay, gradient clipping, and the average of
 * the weights (EMA), over flat buffers laid out by graph_finish().
 *
 * Momentum (Paddle's kernel): g' = g + decay w; v = mu v + g'; w -= lr v.
 * Batch normalisation's gamma and beta do not decay; biases and alpha do, as
 * in the reference. Clips act on g before decay.
 *
 * Clipping by history (after AutoClip: Seetharaman et al., Adaptive gradient
 * clipping for source separation networks, 2020, which bounds by a percentile
 * of all norms): a norm above clip_history times the running geometric mean
 * (decay 0.99) is reduced to that; a bounded norm counts as what it was reduced
 * to. The first ten steps are only counted, and steps without objects never:
 * where most images are empty the others would all look like outliers.
 *
 * EMA (ppdet/optimizer/ema.py) starts from zero and covers running statistics
 * too: after step s (from 0) e = d e + (1 - d) w with d = min(decay,
 * (1 + s) / (10 + s)). What is used is e / (1 - d^s), exact at s = 1 and close
 * later.
 *
 * Ownership: buffers are the caller's, in device memory; work goes into q.
 * Threads: the compute thread.
 */
#ifndef FL_OPTIM_OPTIM_H
#define FL_OPTIM_OPTIM_H

#include "device/device.h"
#include "graph/graph.h"
#include "optim/options.h"

#include <stdint.h>

/* All state that a step changes, in the layouts of the graph. */
struct optim_buffers {
	float *weights, *grads, *velocity, *ema; /* [flat_count] */
	float *statistics, *ema_statistics;	 /* [statistic_count] */
	double *squares; /* one: room for the gradients' sum of squares */
};

/* Of the gradients' norms so far: the running mean of their logarithms is
 * log_sum / weight. Zero before the first step. */
struct grad_history {
	double log_sum, weight;
};

/* objects: the batch holds some. *excess: how many times the norm was above the
 * history's bound; 1 or less: not above. Fails as dev_wait() does: where
 * gradients are bounded the host waits for their norm. */
int optim_step(const struct graph *graph, struct dev_queue *q,
	       const struct optim_options *options,
	       struct optim_buffers *buffers, struct grad_history *history,
	       bool objects, double lr, double *excess, struct fl_err *err);

struct ema_state {
	int64_t step;	   /* updates so far */
	double last_decay; /* of the last one */
};

void ema_update(const struct graph *graph, struct dev_queue *q,
		const struct optim_options *options,
		struct optim_buffers *buffers, struct ema_state *state);
/* 1 - d^s, by which the average is divided for use; 1 before any update and
 * for the exponential type. */
double ema_divisor(const struct optim_options *options,
		   const struct ema_state *state);
/* An average that was stored divided, as Paddle does it, becomes the running
 * one again. state->step is known, last_decay is found. */
void ema_undivide(const struct graph *graph, struct dev_queue *q,
		  const struct optim_options *options,
		  struct optim_buffers *buffers, struct ema_state *state);

#endif

/* work.h - what one step of training has to do, counted on the graph.
 *
 * All maps grow with the picture, so work is told for one pixel of one picture:
 * a step of n pictures of h x w does n h w times as much. What does not depend
 * on pictures (the update, the gradients that travel) stands beside it.
 *
 * Ownership: none. Threads: any.
 */
#ifndef FL_COST_WORK_H
#define FL_COST_WORK_H

#include "graph/graph.h"

struct cost_work {
	/* Operations of convolutions, a pixel: forward, and both gradients.
	 * Two for each multiplication with its addition. */
	double wide_flops; /* of kernels of more than one pixel */
	double thin_flops; /* of kernels of 1x1 */
	double elements;   /* of maps, read and written, a pixel */
	double parameters; /* floats that are trained */
	double statistics; /* floats of running statistics */
	int norms;	   /* batch normalisations */
};

/* The forward pass is a third of it. */
void cost_work_of(const struct graph *graph, struct cost_work *out);

#endif

/* model.h - a detector as a graph, its head and its state dict.
 *
 * The structure is a family's (family/family.h, which makes and frees models);
 * state names and shapes are the reference's, so that weights move both ways.
 * The head's values are logits: what they mean in training and in inference is
 * the family's loss and decoding.
 *
 * Ownership: a model owns its graph. Threads: read-only once it is made.
 */
#ifndef FL_MODEL_MODEL_H
#define FL_MODEL_MODEL_H

#include "graph/head.h"

struct family;

/* One entry of the state dict, in the reference's order. */
struct model_state {
	const char *name;
	/* NULL: the constants 0, 1, ... ramp - 1 as [1,ramp,1,1] */
	const struct graph_param *param;
	int ramp;
};

struct model {
	const struct family *family;
	struct graph *graph;
	int num_classes;
	struct head head;
	struct model_state *states;
	int state_count;
};

size_t model_state_count(const struct model_state *state);
/* Shape in the reference's layout; returns the number of dimensions. */
int model_state_dims(const struct model_state *state, int dims[4]);

#endif

/* paddle_names.h - Paddle's internal parameter names (spec B.8).
 *
 * Paddle numbers parameters by class in the order in which layers are built:
 * conv2d_12.w_0, batch_norm2d_10.b_0, rep_vgg_block_3.w_0. Momentum in .pdopt
 * files is keyed by them. The order of building differs from the order of the
 * state dict: fpn stages and routes alternate, the pan runs from the finest
 * level, and the branches of the head alternate by level.
 */
#ifndef FL_CKPT_PADDLE_NAMES_H
#define FL_CKPT_PADDLE_NAMES_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* A parameter by the last part of its state name. */
struct paddle_param {
	const char
		*layer; /* the class of its layer, which is what is counted */
	bool in_bn;	/* is the part before the last "bn"? */
	const char *part, *internal;
};

/* Layers with a place in the order of building of their own: the rank of
 * element i of this part is first + step * i. All others keep the order of the
 * state dict before them. */
struct paddle_place {
	const char *part;
	int first, step;
};

struct paddle_rules {
	const char *family; /* as sentences call it */
	const struct paddle_place *places;
	int place_count;
	/* Besides convolutions and batch norms. */
	const struct paddle_param *params;
	int param_count;
	const char *const *constants; /* ends of names that no step changes */
};

/* Of every family of this build, NULL at the end: registry/lists.c. */
extern const struct paddle_rules *const paddle_families[];

/* The internal names of count state names given in state-dict order, as an
 * array of count texts in arena. Counters start at 0, as in a process that
 * built nothing else before. A name of unknown kind is FL_EDATA. */
int paddle_names_make(const char *const *states, size_t count,
		      struct fl_arena *arena, const char ***internal,
		      struct fl_err *err);

/* Has this state momentum? Running statistics of batch norm and a family's
 * constants have none. */
bool paddle_names_trained(const char *state);

#endif

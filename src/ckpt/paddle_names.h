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

/* The internal names of count state names given in state-dict order, as an
 * array of count texts in arena. Counters start at 0, as in a process that
 * built nothing else before. A name of unknown kind is FL_EDATA. */
int paddle_names_make(const char *const *states, size_t count,
		      struct fl_arena *arena, const char ***internal,
		      struct fl_err *err);

/* Has this state momentum? Running statistics of batch norm and
 * proj_conv.weight have none. */
bool paddle_names_trained(const char *state);

#endif

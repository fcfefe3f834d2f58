/* state.h - an engine's tensors by their state names, to and from files.
 *
 * In files every tensor has the reference's name, shape and layout; in memory
 * it lies in a flat buffer (graph/graph.h).
 */
#ifndef FL_DETECT_STATE_H
#define FL_DETECT_STATE_H

#include "ckpt/tensor_file.h"
#include "model/model.h"

/* Parameters and statistics that belong together, where the host has them
 * (detect/state_slab.h): weights with statistics,
 * average with its statistics; velocity has none (NULL). */
struct state_part {
	const char *prefix; /* "model.", "velocity.", "ema." */
	float *flat, *statistics;
};

/* How many tensors, and their descriptions (names in arena, data NULL). */
size_t state_describe(const struct model *model, const struct state_part *part,
		      struct fl_arena *arena, struct named_tensor **out);
/* The values of a described tensor in the file's layout into out. */
void state_export(const struct model *model, const struct state_part *part,
		  const char *name, float *out);

/* Every tensor of the part from the file; a missing one or another shape is
 * FL_EDATA. */
int state_import(const struct model *model, const struct state_part *part,
		 const struct tensor_file *file, struct fl_err *err);

/* What match_weights() wants: all states of the model, in order. */
struct match_want *state_wants(const struct model *model,
			       struct fl_arena *arena);
/* Copy one tensor of a file into the part. */
void state_import_one(const struct model_state *state,
		      const struct state_part *part,
		      const struct named_tensor *from);

#endif

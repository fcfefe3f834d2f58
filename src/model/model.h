/* model.h - PP-YOLOE (s, m, l, x and plus) as a graph.
 *
 * Source of the structure: PaddleDetection's CSPResNet, CustomCSPPAN and
 * PPYOLOEHead; state names and shapes are the same, so that weights move both
 * ways. The head's values are logits: sigmoid, softmax over the distance bins
 * and boxes belong to loss/ (training) and family/ppyoloe/decode.h (inference).
 *
 * Ownership: a model owns its graph. Threads: read-only after model_new().
 */
#ifndef FL_MODEL_MODEL_H
#define FL_MODEL_MODEL_H

#include "config/recipe.h"
#include "graph/head.h"

#define MODEL_BINS 17 /* distances 0 .. 16 in units of the stride */

/* One entry of the state dict, in the reference's order. */
struct model_state {
	const char *name;
	const struct graph_param *param; /* NULL: the fixed projection
					  * [1,17,1,1] = 0, 1, ..., 16 */
};

struct model {
	struct graph *graph;
	int num_classes;
	struct head head; /* strides 32, 16, 8; 17 bins */
	struct model_state *states;
	int state_count;
};

int model_new(const struct recipe *recipe, struct model **out,
	      struct fl_err *err);
void model_free(struct model *model);

size_t model_state_count(const struct model_state *state);
/* Shape in the reference's layout; returns the number of dimensions. */
int model_state_dims(const struct model_state *state, int dims[4]);

#endif

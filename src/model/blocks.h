/* blocks.h - pieces of a network that several families are built of, as graph
 * builders, with their entries in the state dict under the reference's names.
 */
#ifndef FL_MODEL_BLOCKS_H
#define FL_MODEL_BLOCKS_H

#include "model/model.h"

/* conv without bias, batch norm, activation: state names path.conv.weight,
 * path.bn.* . */
int model_conv_bn(struct graph *g, int x, int cout, int k, int stride,
		  enum dev_act act, int residual, const char *path);
/* ConvBN 3x3, then a RepVGG block; the input is added where shortcut. */
int model_basic_block(struct graph *g, int x, bool shortcut, bool alpha,
		      const char *path);
/* A text in the graph's arena. */
const char *model_path(struct graph *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Entries of the state dict, in the order of the calls; after graph_finish().
 * The last is for the constants 0, 1, ... bins - 1 of a projection. */
void model_list_conv_bn(struct model *m, const char *path);
void model_list_basic_block(struct model *m, const char *path, bool alpha);
void model_list_fc(struct model *m, const char *path);
void model_list_ramp(struct model *m, const char *name, int bins);

#endif

/* ppyoloe_priv.h - the parts of PP-YOLOE as graph builders; for src/family/ppyoloe. */
#ifndef FL_FAMILY_PPYOLOE_PPYOLOE_PRIV_H
#define FL_FAMILY_PPYOLOE_PPYOLOE_PRIV_H

#include "model/model.h"

/* Widths and depths after the multipliers. */
struct model_shape {
	int channels[5];      /* stem, then the four stages */
	int blocks[4];	      /* basic blocks of each stage */
	int neck_channels[3]; /* strides 32, 16, 8 */
	int neck_blocks;
	bool spp;
	bool alpha; /* backbone RepVGG blocks learn a factor */
	int classes;
};

/* conv without bias, batch norm, activation: state names path.conv.weight,
 * path.bn.* . */
int model_conv_bn(struct graph *g, int x, int cout, int k, int stride,
		  enum dev_act act, int residual, const char *path);
/* ConvBN 3x3, then a RepVGG block; the input is added where shortcut. */
int model_basic_block(struct graph *g, int x, bool shortcut, bool alpha,
		      const char *path);
const char *model_path(struct graph *g, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* features: strides 8, 16, 32. */
void model_backbone(struct graph *g, const struct model_shape *s,
		    int features[3]);
/* features: strides 8, 16, 32; out: strides 32, 16, 8. */
void model_neck(struct graph *g, const struct model_shape *s,
		const int features[3], int out[3]);
void model_head(struct graph *g, const struct model_shape *s, const int in[3],
		struct head *head);

/* Fills states and state_count in the reference's order. */
void model_list_states(struct model *m, const struct model_shape *s);

#endif

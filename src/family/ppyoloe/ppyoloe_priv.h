/* ppyoloe_priv.h - the parts of PP-YOLOE; for src/family/ppyoloe. */
#ifndef FL_FAMILY_PPYOLOE_PPYOLOE_PRIV_H
#define FL_FAMILY_PPYOLOE_PPYOLOE_PRIV_H

#include "family/ppyoloe/ppyoloe.h"
#include "loss/assign.h"
#include "model/blocks.h"

#define PPYOLOE_STAGES 4 /* of the backbone, at strides 4, 8, 16, 32 */
#define PPYOLOE_BINS 17	 /* distances 0 .. 16 in units of the stride */

/* What the keys of the family say. */
struct ppyoloe_options {
	/* model */
	double depth_mult, width_mult;
	int layers[PPYOLOE_STAGES], channels[PPYOLOE_STAGES + 1];
	struct recipe_list return_idx; /* stages that the neck takes */
	bool use_alpha;
	struct recipe_list neck_channels, fpn_strides; /* coarse to fine */
	int neck_blocks;
	bool spp, neck_alpha;
	/* loss */
	int static_epochs; /* with ATSS, before the task-aligned assigner */
	struct assign_options assign;
	double weight_cls, weight_iou, weight_dfl;
	/* suppression */
	int nms_top_k, keep_top_k;
	double score_threshold, nms_threshold;
};

/* Widths and depths after the multipliers. */
struct ppyoloe_shape {
	int channels[PPYOLOE_STAGES + 1]; /* stem, then the stages */
	int blocks[PPYOLOE_STAGES];	  /* basic blocks of each stage */
	int levels;			  /* the last so many stages */
	int neck_channels[HEAD_MOST]; /* from stride 32 on, coarse to fine */
	int neck_blocks;
	bool spp;
	bool alpha, neck_alpha; /* RepVGG blocks learn a factor */
	int classes;
};

extern const struct loss_kind ppyoloe_loss;

/* features: of the levels, fine to coarse. */
void ppyoloe_backbone(struct graph *g, const struct ppyoloe_shape *s,
		      int features[HEAD_MOST]);
/* features: fine to coarse; out: coarse to fine. */
void ppyoloe_neck(struct graph *g, const struct ppyoloe_shape *s,
		  const int features[HEAD_MOST], int out[HEAD_MOST]);
void ppyoloe_head(struct graph *g, const struct ppyoloe_shape *s,
		  const int in[HEAD_MOST], struct head *head);

/* The state dict in the reference's order. */
void ppyoloe_list_states(struct model *m, const struct ppyoloe_shape *s);

/* decode.c: struct family says what it does. */
void ppyoloe_decode(const struct head_map *maps, int levels, int n,
		    const float *scale_factor, float *boxes, float *scores);

/* export.c: struct family says what it does. */
void ppyoloe_export_head(struct onnx *o, const struct head *head,
			 const struct export_map *maps, const char **boxes,
			 const char **scores);

/* Places of ppyoloe_loss.values. */
enum {
	PPYOLOE_TOTAL,
	PPYOLOE_CLS,
	PPYOLOE_IOU,
	PPYOLOE_DFL,
	PPYOLOE_L1,
	PPYOLOE_LOSSES
};

/* What a point that answers for a box has of the losses (point.c). */
struct ppyoloe_weights {
	double cls, iou, dfl;
};

/* The class that the point is an example of: logit z, target score q. Returns
 * its loss less what the device counts for it as no example of any class. */
double ppyoloe_positive(float z, float q, float *dlogit, float factor);
/* Add the losses of the point's box to sums and write the gradients of its
 * logits; share: its score over the normaliser. */
void ppyoloe_box(const struct ppyoloe_weights *weights,
		 const struct assign_point *q, const float *box, double share,
		 const float *logit, float *dlogit,
		 double sums[PPYOLOE_LOSSES]);

#endif

/* The keys of PP-YOLOE in a recipe, by the names that PaddleDetection's modules
 * have there: multipliers, backbone, neck, head with its assigners, losses and
 * suppression; then those that only one value is possible for. Defaults are
 * those of the reference's constructors, and for suppression those of its
 * PP-YOLOE recipes. ROW_REFUSED takes that one value and
 * says of any other why it is not here; ROW_ACCEPTED is read and means
 * nothing. */
#include "family/ppyoloe/ppyoloe_priv.h"

/* Row: key, kind, field, least, most, length of a list, default, words,
 * meaning. */
#define F(field) offsetof(struct ppyoloe_options, field)

static const struct recipe_row rows[] = {
	{ "depth_mult", ROW_REAL, F(depth_mult), 0.01, 4, 0, "1.0", NULL,
	  "blocks: s 0.33, m 0.67, l 1.0, x 1.33" },
	{ "width_mult", ROW_REAL, F(width_mult), 0.01, 4, 0, "1.0", NULL,
	  "channels: s 0.50, m 0.75, l 1.0, x 1.25" },
	{ "CSPResNet.layers", ROW_INTS, F(layers), 1, 100, 4, "[3, 6, 6, 3]",
	  NULL, "blocks of the stages before depth_mult" },
	{ "CSPResNet.channels", ROW_INTS, F(channels), 2, 8192, 5,
	  "[64, 128, 256, 512, 1024]", NULL,
	  "channels of stem and stages before width_mult" },
	{ "CSPResNet.return_idx", ROW_LIST, F(return_idx), 0, 3, PPYOLOE_STAGES,
	  "[1, 2, 3]", NULL,
	  "stages that the neck takes, the last ones of 0, 1, 2, 3 (strides 4, "
	  "8, 16, 32): [0, 1, 2, 3] are the four levels of P2" },
	{ "CSPResNet.use_large_stem", ROW_REFUSED, 0, 0, 0, 0, "true", NULL,
	  "every published model has the stem of three convolutions" },
	{ "CSPResNet.act", ROW_REFUSED, 0, 0, 0, 0, "swish", NULL,
	  "every model of s, m, l, x uses swish" },
	{ "CSPResNet.use_alpha", ROW_BOOL, F(use_alpha), 0, 0, 0, "false", NULL,
	  "learned factor in RepVGG blocks (PP-YOLOE+)" },
	{ "CustomCSPPAN.out_channels", ROW_LIST, F(neck_channels), 2, 8192,
	  HEAD_MOST, "[768, 384, 192]", NULL,
	  "of each level, coarse to fine, before width_mult" },
	{ "CustomCSPPAN.stage_num", ROW_REFUSED, 0, 0, 0, 0, "1", NULL,
	  "every published model has one" },
	{ "CustomCSPPAN.block_num", ROW_INT, F(neck_blocks), 1, 100, 0, "3",
	  NULL, "before depth_mult" },
	{ "CustomCSPPAN.act", ROW_REFUSED, 0, 0, 0, 0, "swish", NULL,
	  "every model of s, m, l, x uses swish" },
	{ "CustomCSPPAN.spp", ROW_BOOL, F(spp), 0, 0, 0, "true", NULL,
	  "pooling pyramid in the coarsest stage" },
	{ "CustomCSPPAN.use_alpha", ROW_BOOL, F(neck_alpha), 0, 0, 0, "false",
	  NULL, "learned factor in the neck's blocks (SKU-110K)" },
	{ "CustomCSPPAN.use_trans", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "the transformer of PP-YOLOE-SOD is not part of flotilla" },
	{ "PPYOLOEHead.fpn_strides", ROW_LIST, F(fpn_strides), 1, 8192,
	  HEAD_MOST, "[32, 16, 8]", NULL,
	  "those of CSPResNet.return_idx, coarse to fine; P2: [32, 16, 8, 4]" },
	{ "PPYOLOEHead.grid_cell_scale", ROW_REFUSED, 0, 0, 0, 0, "5.0", NULL,
	  "every published model uses 5" },
	{ "PPYOLOEHead.grid_cell_offset", ROW_REFUSED, 0, 0, 0, 0, "0.5", NULL,
	  "points lie in the middle of their cells" },
	{ "PPYOLOEHead.reg_max", ROW_REFUSED, 0, 0, 0, 0, "16", NULL,
	  "boxes have 17 bins a side" },
	{ "PPYOLOEHead.static_assigner_epoch", ROW_INT, F(static_epochs), -1,
	  100000, 0, "4", NULL,
	  "epochs with the ATSS assigner before the task-aligned one" },
	{ "PPYOLOEHead.use_varifocal_loss", ROW_REFUSED, 0, 0, 0, 0, "true",
	  NULL, "every published model is trained with it" },
	{ "PPYOLOEHead.loss_weight.class", ROW_REAL, F(weight_cls), 0, 1000, 0,
	  "1.0", NULL, "weight of the varifocal loss" },
	{ "PPYOLOEHead.loss_weight.iou", ROW_REAL, F(weight_iou), 0, 1000, 0,
	  "2.5", NULL, "weight of the GIoU loss" },
	{ "PPYOLOEHead.loss_weight.dfl", ROW_REAL, F(weight_dfl), 0, 1000, 0,
	  "0.5", NULL, "weight of the distribution focal loss" },
	{ "PPYOLOEHead.static_assigner.name", ROW_REFUSED, 0, 0, 0, 0,
	  "ATSSAssigner", NULL, "the head's first assigner is ATSS" },
	{ "PPYOLOEHead.static_assigner.topk", ROW_INT, F(assign.atss_topk), 1,
	  64, 0, "9", NULL, "candidates of a box on each level" },
	{ "PPYOLOEHead.assigner.name", ROW_REFUSED, 0, 0, 0, 0,
	  "TaskAlignedAssigner", NULL, "the head's second assigner is TAL" },
	{ "PPYOLOEHead.assigner.topk", ROW_INT, F(assign.tal_topk), 1, 64, 0,
	  "13", NULL, "points of a box" },
	{ "PPYOLOEHead.assigner.alpha", ROW_REAL, F(assign.tal_alpha), 0, 20, 0,
	  "1.0", NULL, "power of the score" },
	{ "PPYOLOEHead.assigner.beta", ROW_REAL, F(assign.tal_beta), 0, 20, 0,
	  "6.0", NULL, "power of the IoU" },
	{ "PPYOLOEHead.nms.name", ROW_REFUSED, 0, 0, 0, 0, "MultiClassNMS",
	  NULL, "the only one" },
	{ "PPYOLOEHead.nms.nms_top_k", ROW_INT, F(nms_top_k), 1, 1000000, 0,
	  "1000", NULL, "candidates of a class" },
	{ "PPYOLOEHead.nms.keep_top_k", ROW_INT, F(keep_top_k), 1, 100000, 0,
	  "300", NULL, "boxes of an image" },
	{ "PPYOLOEHead.nms.score_threshold", ROW_REAL, F(score_threshold), 0, 1,
	  0, "0.01", NULL, "lowest score" },
	{ "PPYOLOEHead.nms.nms_threshold", ROW_REAL, F(nms_threshold), 0, 1, 0,
	  "0.7", NULL, "IoU above which the weaker box goes" },
	{ "PPYOLOEHead.act", ROW_REFUSED, 0, 0, 0, 0, "swish", NULL,
	  "every model of s, m, l, x uses swish" },
	{ "PPYOLOEHead.attn_conv", ROW_REFUSED, 0, 0, 0, 0, "convbn", NULL,
	  "RepVGG attention belongs to the tiny models" },
	{ "PPYOLOEHead.assigner.is_close_gt", ROW_REFUSED, 0, 0, 0, 0, "false",
	  NULL, "belongs to the tiny models" },
	{ "PPYOLOEHead.eval_size", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "points are made for the size at hand" },
	{ "PPYOLOEHead.exclude_nms", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "evaluation needs it" },
	{ "YOLOv3", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "backbone, neck and head are CSPResNet, CustomCSPPAN, PPYOLOEHead" },
	{ "PPYOLOE", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL, "as YOLOv3" },
	{ "PPYOLOEWithAuxHead", ROW_REFUSED, 0, 0, 0, 0, NULL, NULL,
	  "the tiny models with an auxiliary head are not part of flotilla" },
	{ "SimpleConvHead", ROW_REFUSED, 0, 0, 0, 0, NULL, NULL,
	  "as PPYOLOEWithAuxHead" },
	{ "ema_black_list", ROW_REFUSED, 0, 0, 0, 0, "[proj_conv.weight]", NULL,
	  "the projection is constant; all else is averaged" },
};

/* Levels are counted from the coarsest on, of stride 32. */
static int check_strides(const struct recipe *r, const struct recipe_list *list,
			 struct fl_err *err)
{
	for (int i = 0; i < list->count; i++)
		if (list->values[i] != 32 >> i)
			return fl_fail(
				err, FL_ERECIPE,
				"%s: 'PPYOLOEHead.fpn_strides' has %d at place %d, but the "
				"map there has stride %d: the order is coarse to fine",
				r->path, list->values[i], i + 1, 32 >> i);
	return 0;
}

/* Backbone, neck and head each have a key that counts levels. In the reference
 * they may differ, and then the shortest counts or a layer fails. */
static int read_levels(struct recipe *r, void *options, const struct yaml *tree,
		       struct fl_err *err)
{
	const struct ppyoloe_options *o = options;
	const struct recipe_list *idx = &o->return_idx;

	(void)tree;
	for (int i = 0; i < idx->count; i++)
		if (idx->values[i] != PPYOLOE_STAGES - idx->count + i)
			return fl_fail(
				err, FL_ERECIPE,
				"%s: 'CSPResNet.return_idx' must be the last of the stages "
				"0, 1, 2, 3 in this order: [1, 2, 3], or [0, 1, 2, 3] "
				"for a head with a level of stride 4",
				r->path);
	if (o->neck_channels.count != idx->count ||
	    o->fpn_strides.count != idx->count)
		return fl_fail(
			err, FL_ERECIPE,
			"%s: 'CSPResNet.return_idx' has %d levels, "
			"'CustomCSPPAN.out_channels' %d and 'PPYOLOEHead.fpn_strides' "
			"%d, but all three must have as many",
			r->path, idx->count, o->neck_channels.count,
			o->fpn_strides.count);
	return check_strides(r, &o->fpn_strides, err);
}

const struct recipe_part ppyoloe_part = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct ppyoloe_options),
	.architectures = "YOLOv3|PPYOLOE",
	.read = read_levels,
};

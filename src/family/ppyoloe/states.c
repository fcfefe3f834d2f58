/* The state dict in the reference's order: a layer's own parameters, then its
 * children in attribute order. It differs from the order of computation. Paddle's
 * own numbers follow yet another one, that of building, which stands here too. */
#include "family/ppyoloe/ppyoloe_priv.h"

/* Building said the same in another order; parameters are found by their
 * names. */
static void list_backbone(struct model *m, const struct ppyoloe_shape *s)
{
	struct graph *g = m->graph;

	for (int i = 1; i <= 3; i++)
		model_list_conv_bn(m, model_path(g, "backbone.stem.conv%d", i));
	for (int i = 0; i < PPYOLOE_STAGES; i++) {
		const char *path = model_path(g, "backbone.stages.%d", i);

		model_list_conv_bn(m, model_path(g, "%s.conv_down", path));
		model_list_conv_bn(m, model_path(g, "%s.conv1", path));
		model_list_conv_bn(m, model_path(g, "%s.conv2", path));
		for (int k = 0; k < s->blocks[i]; k++)
			model_list_basic_block(
				m, model_path(g, "%s.blocks.%d", path, k),
				s->alpha);
		model_list_fc(m, model_path(g, "%s.attn.fc", path));
		model_list_conv_bn(m, model_path(g, "%s.conv3", path));
	}
}

static void list_csp_stage(struct model *m, const struct ppyoloe_shape *s,
			   bool spp, const char *path)
{
	struct graph *g = m->graph;

	model_list_conv_bn(m, model_path(g, "%s.conv1", path));
	model_list_conv_bn(m, model_path(g, "%s.conv2", path));
	for (int k = 0; k < s->neck_blocks; k++) {
		model_list_basic_block(m, model_path(g, "%s.convs.%d", path, k),
				       s->neck_alpha);
		if (spp && k == (s->neck_blocks - 1) / 2)
			model_list_conv_bn(
				m, model_path(g, "%s.convs.spp.conv", path));
	}
	model_list_conv_bn(m, model_path(g, "%s.conv3", path));
}

static void list_neck(struct model *m, const struct ppyoloe_shape *s)
{
	struct graph *g = m->graph;

	for (int i = 0; i < s->levels; i++)
		list_csp_stage(m, s, i == 0 && s->spp,
			       model_path(g, "neck.fpn_stages.%d.0", i));
	for (int i = 0; i < s->levels - 1; i++)
		model_list_conv_bn(m, model_path(g, "neck.fpn_routes.%d", i));
	for (int i = 0; i < s->levels - 1; i++)
		list_csp_stage(m, s, false,
			       model_path(g, "neck.pan_stages.%d.0", i));
	for (int i = 0; i < s->levels - 1; i++)
		model_list_conv_bn(m, model_path(g, "neck.pan_routes.%d", i));
}

/* All stems of classes, then all of distances, then the predictions the same
 * way. */
static void list_head(struct model *m, const struct ppyoloe_shape *s)
{
	static const char *const stems[] = { "stem_cls", "stem_reg" };
	static const char *const preds[] = { "pred_cls", "pred_reg" };
	struct graph *g = m->graph;

	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < s->levels; i++) {
			const char *path =
				model_path(g, "yolo_head.%s.%d", stems[k], i);

			model_list_fc(m, model_path(g, "%s.fc", path));
			model_list_conv_bn(m, model_path(g, "%s.conv", path));
		}
	}
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < s->levels; i++)
			model_list_fc(m, model_path(g, "yolo_head.%s.%d",
						    preds[k], i));
	/* 0, 1, ... 16: fixed, in no buffer of ours, but files of the reference
	 * have it. */
	model_list_ramp(m, "yolo_head.proj_conv.weight", PPYOLOE_BINS);
}

void ppyoloe_list_states(struct model *m, const struct ppyoloe_shape *s)
{
	list_backbone(m, s);
	list_neck(m, s);
	list_head(m, s);
}

/* Where Paddle numbers modules in order of building: fpn stages and routes
 * alternate, the pan runs from the finest level, and the branches of the head
 * alternate by level. */
static const struct paddle_place places[] = {
	{ "fpn_stages", 1000, 2 },  { "fpn_routes", 1001, 2 },
	{ "pan_routes", 2000, -2 }, { "pan_stages", 2001, -2 },
	{ "stem_cls", 3000, 2 },    { "stem_reg", 3001, 2 },
	{ "pred_cls", 4000, 2 },    { "pred_reg", 4001, 2 },
	{ "proj_conv", 5000, 0 },
};

static const struct paddle_param params[] = {
	{ "rep_vgg_block", false, "alpha", "w_0" },
};

const struct paddle_rules ppyoloe_paddle = {
	.family = "PP-YOLOE",
	.places = places,
	.place_count = sizeof(places) / sizeof(places[0]),
	.params = params,
	.param_count = sizeof(params) / sizeof(params[0]),
	.constants = (const char *const[]){ "proj_conv.weight", NULL },
};

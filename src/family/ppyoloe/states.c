#include "family/ppyoloe/ppyoloe_priv.h"

#include <stdlib.h>

/* The state dict in the reference's order: a layer's own parameters, then its
 * children in attribute order. It differs from the order of computation. */

static void add(struct model *m, const char *name)
{
	struct model_state *s;

	m->states = fl_realloc(m->states, (size_t)(m->state_count + 1) *
						  sizeof(*m->states));
	s = &m->states[m->state_count++];
	s->param = graph_find_param(m->graph, name);
	s->name = s->param ? s->param->name : name;
}

static void add_leaf(struct model *m, const char *path, const char *leaf)
{
	add(m, model_path(m->graph, "%s.%s", path, leaf));
}

static void add_conv_bn(struct model *m, const char *path)
{
	static const char *const leaves[] = { "conv.weight", "bn.weight",
					      "bn.bias", "bn._mean",
					      "bn._variance" };

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		add_leaf(m, path, leaves[i]);
}

static void add_block(struct model *m, const char *path, bool alpha)
{
	add_conv_bn(m, model_path(m->graph, "%s.conv1", path));
	if (alpha)
		add_leaf(m, path, "conv2.alpha");
	add_conv_bn(m, model_path(m->graph, "%s.conv2.conv1", path));
	add_conv_bn(m, model_path(m->graph, "%s.conv2.conv2", path));
}

static void add_fc(struct model *m, const char *path)
{
	add_leaf(m, path, "weight");
	add_leaf(m, path, "bias");
}

static void list_backbone(struct model *m, const struct model_shape *s)
{
	struct graph *g = m->graph;

	for (int i = 1; i <= 3; i++)
		add_conv_bn(m, model_path(g, "backbone.stem.conv%d", i));
	for (int i = 0; i < 4; i++) {
		const char *path = model_path(g, "backbone.stages.%d", i);

		add_conv_bn(m, model_path(g, "%s.conv_down", path));
		add_conv_bn(m, model_path(g, "%s.conv1", path));
		add_conv_bn(m, model_path(g, "%s.conv2", path));
		for (int k = 0; k < s->blocks[i]; k++)
			add_block(m, model_path(g, "%s.blocks.%d", path, k),
				  s->alpha);
		add_fc(m, model_path(g, "%s.attn.fc", path));
		add_conv_bn(m, model_path(g, "%s.conv3", path));
	}
}

static void list_csp_stage(struct model *m, const struct model_shape *s,
			   bool spp, const char *path)
{
	struct graph *g = m->graph;

	add_conv_bn(m, model_path(g, "%s.conv1", path));
	add_conv_bn(m, model_path(g, "%s.conv2", path));
	for (int k = 0; k < s->neck_blocks; k++) {
		add_block(m, model_path(g, "%s.convs.%d", path, k), false);
		if (spp && k == (s->neck_blocks - 1) / 2)
			add_conv_bn(m,
				    model_path(g, "%s.convs.spp.conv", path));
	}
	add_conv_bn(m, model_path(g, "%s.conv3", path));
}

static void list_neck(struct model *m, const struct model_shape *s)
{
	struct graph *g = m->graph;

	for (int i = 0; i < 3; i++)
		list_csp_stage(m, s, i == 0 && s->spp,
			       model_path(g, "neck.fpn_stages.%d.0", i));
	for (int i = 0; i < 2; i++)
		add_conv_bn(m, model_path(g, "neck.fpn_routes.%d", i));
	for (int i = 0; i < 2; i++)
		list_csp_stage(m, s, false,
			       model_path(g, "neck.pan_stages.%d.0", i));
	for (int i = 0; i < 2; i++)
		add_conv_bn(m, model_path(g, "neck.pan_routes.%d", i));
}

static void list_head(struct model *m)
{
	static const char *const stems[] = { "stem_cls", "stem_reg" };
	static const char *const preds[] = { "pred_cls", "pred_reg" };
	struct graph *g = m->graph;

	for (int k = 0; k < 2; k++) {
		for (int i = 0; i < 3; i++) {
			const char *path =
				model_path(g, "yolo_head.%s.%d", stems[k], i);

			add_fc(m, model_path(g, "%s.fc", path));
			add_conv_bn(m, model_path(g, "%s.conv", path));
		}
	}
	for (int k = 0; k < 2; k++)
		for (int i = 0; i < 3; i++)
			add_fc(m,
			       model_path(g, "yolo_head.%s.%d", preds[k], i));
	add(m, "yolo_head.proj_conv.weight");
}

void model_list_states(struct model *m, const struct model_shape *s)
{
	list_backbone(m, s);
	list_neck(m, s);
	list_head(m);
}

size_t model_state_count(const struct model_state *state)
{
	return state->param ? state->param->count : MODEL_BINS;
}

int model_state_dims(const struct model_state *state, int dims[4])
{
	static const int projection[4] = { 1, MODEL_BINS, 1, 1 };
	const int *from = state->param ? state->param->dims : projection;
	int n = state->param ? state->param->ndims : 4;

	for (int i = 0; i < n; i++)
		dims[i] = from[i];
	return n;
}

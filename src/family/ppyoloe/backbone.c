/* CSPResNet: ppdet/modeling/backbones/cspresnet.py.
 * A stem of three convolutions halves twice, each stage halves again and doubles
 * what a pixel knows; the last stages, as many as the head has levels, are what the
 * neck takes. Names are the reference's state dict's, by which weights are
 * found. */
#include "family/ppyoloe/ppyoloe_priv.h"

/* 3x3 of stride 2, then two of stride 1: half the channels until the last.
 * Every published model has this "large" stem. */
static int stem(struct graph *g, int x, int channels)
{
	x = model_conv_bn(g, x, channels / 2, 3, 2, DEV_ACT_SILU, -1,
			  "backbone.stem.conv1");
	x = model_conv_bn(g, x, channels / 2, 3, 1, DEV_ACT_SILU, -1,
			  "backbone.stem.conv2");
	x = model_conv_bn(g, x, channels, 3, 1, DEV_ACT_SILU, -1,
			  "backbone.stem.conv3");
	graph_name_value(g, x, "backbone.stem");
	graph_mark_boundary(g, x);
	return x;
}

/* Effective squeeze and excitation: x times a gate made of its mean, by one
 * layer as wide as the map. deviation 0: its weights start as a
 * convolution's. */
static int effective_se(struct graph *g, int x, const char *path)
{
	int gate = graph_fc(g, graph_gap(g, x), path, DEV_GATE_HARDSIGMOID, 0);

	return graph_scale(g, x, gate);
}

/* Halves the picture; half of 'mid' channels pass by the blocks and meet what
 * came through them in a concat, the untouched half first. Blocks have a
 * shortcut here, and PP-YOLOE+ a learned factor. */
static int stage(struct graph *g, int x, int cout, int blocks, bool alpha,
		 const char *path)
{
	int mid = (graph_channels(g, x) + cout) / 2, part[2];

	x = model_conv_bn(g, x, mid, 3, 2, DEV_ACT_SILU, -1,
			  model_path(g, "%s.conv_down", path));
	/* Kept within its stage it costs s 1 % of the activations when they are
	 * computed again, and saves l 5 %. */
	graph_mark_boundary(g, x);
	part[0] = model_conv_bn(g, x, mid / 2, 1, 1, DEV_ACT_SILU, -1,
				model_path(g, "%s.conv1", path));
	part[1] = model_conv_bn(g, x, mid / 2, 1, 1, DEV_ACT_SILU, -1,
				model_path(g, "%s.conv2", path));
	for (int k = 0; k < blocks; k++)
		part[1] = model_basic_block(
			g, part[1], true, alpha,
			model_path(g, "%s.blocks.%d", path, k));
	x = effective_se(g, graph_concat(g, part, 2),
			 model_path(g, "%s.attn.fc", path));
	return model_conv_bn(g, x, cout, 1, 1, DEV_ACT_SILU, -1,
			     model_path(g, "%s.conv3", path));
}

void ppyoloe_backbone(struct graph *g, const struct ppyoloe_shape *s,
		      int features[HEAD_MOST])
{
	int x = stem(g, g->input, s->channels[0]);
	int first = PPYOLOE_STAGES - s->levels;

	for (int i = 0; i < PPYOLOE_STAGES; i++) {
		const char *path = model_path(g, "backbone.stages.%d", i);

		x = stage(g, x, s->channels[i + 1], s->blocks[i], s->alpha,
			  path);
		graph_name_value(g, x, path);
		graph_mark_boundary(g, x);
		/* With three levels the first stage's map, of stride 4, goes no
		 * further. */
		if (i >= first)
			features[i - first] = x;
	}
}

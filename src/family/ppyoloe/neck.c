/* CustomCSPPAN: ppdet/modeling/necks/custom_pan.py. Levels meet twice: from
 * coarse to fine, then from fine to coarse.
 * The pooling pyramid stands in the coarsest level's stage alone, where 13 x 13
 * pixels are nearly the whole picture. */
#include "family/ppyoloe/ppyoloe_priv.h"

/* concat of x and its maxima over 5x5, 9x9 and 13x13, then ConvBN 1x1 */
static int spp(struct graph *g, int x, const char *path)
{
	int part[4] = { x };

	for (int i = 1; i < 4; i++)
		/* Each from x, as the reference: one out of another has the
		 * same values, but other winners where some are equal. */
		part[i] = graph_maxpool(g, x, 1 + 4 * i);
	return model_conv_bn(g, graph_concat(g, part, 4), graph_channels(g, x),
			     1, 1, DEV_ACT_SILU, -1,
			     model_path(g, "%s.conv", path));
}

/* As a backbone's stage without halving: the blocks have no shortcut here. The
 * pooling pyramid stands behind the middle one, where the reference puts it. */
static int csp_stage(struct graph *g, int x, int cout, int blocks, bool alpha,
		     bool with_spp, const char *path)
{
	int mid = cout / 2, part[2];

	part[0] = model_conv_bn(g, x, mid, 1, 1, DEV_ACT_SILU, -1,
				model_path(g, "%s.conv1", path));
	part[1] = model_conv_bn(g, x, mid, 1, 1, DEV_ACT_SILU, -1,
				model_path(g, "%s.conv2", path));
	for (int k = 0; k < blocks; k++) {
		part[1] = model_basic_block(
			g, part[1], false, alpha,
			model_path(g, "%s.convs.%d", path, k));
		if (with_spp && k == (blocks - 1) / 2)
			part[1] = spp(g, part[1],
				      model_path(g, "%s.convs.spp", path));
	}
	x = model_conv_bn(g, graph_concat(g, part, 2), cout, 1, 1, DEV_ACT_SILU,
			  -1, model_path(g, "%s.conv3", path));
	graph_mark_boundary(g, x);
	return x;
}

/* From coarse to fine: each level joins the upsampled coarser one, which comes
 * first in the concat. features: fine to coarse; level: coarse to fine. */
static void top_down(struct graph *g, const struct ppyoloe_shape *s,
		     const int features[HEAD_MOST], int level[HEAD_MOST])
{
	int last = s->levels - 1, x = features[last];

	for (int i = 0; i <= last; i++) {
		level[i] = csp_stage(g, x, s->neck_channels[i], s->neck_blocks,
				     s->neck_alpha, i == 0 && s->spp,
				     model_path(g, "neck.fpn_stages.%d.0", i));
		if (i < last) {
			int r = model_conv_bn(
				g, level[i], s->neck_channels[i] / 2, 1, 1,
				DEV_ACT_SILU, -1,
				model_path(g, "neck.fpn_routes.%d", i));
			int part[2] = { graph_upsample(g, r),
					features[last - 1 - i] };

			graph_mark_boundary(g, r);
			x = graph_concat(g, part, 2);
		}
	}
}

void ppyoloe_neck(struct graph *g, const struct ppyoloe_shape *s,
		  const int features[HEAD_MOST], int out[HEAD_MOST])
{
	int level[HEAD_MOST] = { 0 }, last = s->levels - 1;

	top_down(g, s, features, level);
	/* The finest level is done; from there each coarser one joins the finer
	 * one, halved. */
	out[last] = level[last];
	for (int i = last - 1; i >= 0; i--) {
		int r = model_conv_bn(g, out[i + 1], s->neck_channels[i + 1], 3,
				      2, DEV_ACT_SILU, -1,
				      model_path(g, "neck.pan_routes.%d", i));
		int part[2] = { r, level[i] };

		graph_mark_boundary(g, r);
		out[i] = csp_stage(g, graph_concat(g, part, 2),
				   s->neck_channels[i], s->neck_blocks,
				   s->neck_alpha, false,
				   model_path(g, "neck.pan_stages.%d.0", i));
	}
	for (int i = 0; i <= last; i++)
		graph_name_value(g, out[i], model_path(g, "neck.%d", i));
}

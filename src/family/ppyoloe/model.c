/* PP-YOLOE (s, m, l, x and plus) out of its parts: CSPResNet, CustomCSPPAN and
 * PPYOLOEHead of PaddleDetection, one file each, at the widths and depths that the
 * multipliers leave. */
#include "family/ppyoloe/ppyoloe_priv.h"

#include "device/op.h"

#include <math.h>

/* max(round(n * factor), 1) with Python's rounding: half goes to even, which is
 * how nearbyint rounds unless somebody changed the mode: 2.5 becomes 2. */
static int scaled(int n, double factor)
{
	double v = nearbyint(n * factor);

	return v > 1 ? (int)v : 1;
}

/* Widths of the backbone and the neck follow width_mult, depths depth_mult. */
static struct ppyoloe_shape shape_of(const struct ppyoloe_options *o,
				     int classes)
{
	struct ppyoloe_shape s = { .spp = o->spp,
				   .alpha = o->use_alpha,
				   .neck_alpha = o->neck_alpha,
				   .levels = o->return_idx.count,
				   .classes = classes };

	for (int i = 0; i <= PPYOLOE_STAGES; i++)
		s.channels[i] = scaled(o->channels[i], o->width_mult);
	for (int i = 0; i < PPYOLOE_STAGES; i++)
		s.blocks[i] = scaled(o->layers[i], o->depth_mult);
	for (int i = 0; i < s.levels; i++)
		s.neck_channels[i] =
			scaled(o->neck_channels.values[i], o->width_mult);
	s.neck_blocks = scaled(o->neck_blocks, o->depth_mult);
	return s;
}

/* Stem, stages and neck halve channels, a stage those of its middle (backbone.c);
 * a width of 1 has no half. */
static int check_shape(const struct ppyoloe_shape *s,
		       const struct ppyoloe_options *o, struct fl_err *err)
{
	int least = s->channels[0];

	for (int i = 0; i < PPYOLOE_STAGES; i++) {
		int mid = (s->channels[i] + s->channels[i + 1]) / 2;

		least = mid < least ? mid : least;
	}
	for (int i = 0; i < s->levels; i++)
		least = s->neck_channels[i] < least ? s->neck_channels[i]
						    : least;
	if (least >= 2)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"width_mult %g leaves a layer of %d channel, which has no half; "
		"use a larger one, or more channels",
		o->width_mult, least);
}

/* Sums of channels lie in arrays of fixed size, and a layer that wide is a
 * slip of the pen. */
static int check_width(const struct graph *g, const struct ppyoloe_options *o,
		       int classes, struct fl_err *err)
{
	int most = 0;

	for (int i = 0; i < g->value_count; i++)
		most = g->values[i].channels > most ? g->values[i].channels
						    : most;
	if (most <= DEV_MAX_CHANNELS)
		return 0;
	if (classes > DEV_MAX_CHANNELS)
		return fl_fail(
			err, FL_ERECIPE,
			"num_classes is %d, which makes a layer of as many channels: "
			"at most %d are possible",
			classes, DEV_MAX_CHANNELS);
	return fl_fail(
		err, FL_ERECIPE,
		"width_mult %g makes a layer of %d channels, at most %d are possible; "
		"use a smaller one, or fewer channels",
		o->width_mult, most, DEV_MAX_CHANNELS);
}

static int build(const void *options, struct model *m, struct fl_err *err)
{
	const struct ppyoloe_options *o = options;
	struct ppyoloe_shape shape = shape_of(o, m->num_classes);
	int features[HEAD_MOST], neck[HEAD_MOST];
	int rc = check_shape(&shape, o, err);

	if (rc != 0)
		return rc;
	/* In the order of computing, which is that of the graph's nodes. */
	ppyoloe_backbone(m->graph, &shape, features);
	ppyoloe_neck(m->graph, &shape, features, neck);
	ppyoloe_head(m->graph, &shape, neck, &m->head);
	/* Behind the building, since inner layers may be wider than any number
	 * of the recipe. */
	return check_width(m->graph, o, m->num_classes, err);
}

static void list_states(const void *options, struct model *m)
{
	struct ppyoloe_shape shape = shape_of(options, m->num_classes);

	ppyoloe_list_states(m, &shape);
}

static struct nms_params suppression(const void *options)
{
	const struct ppyoloe_options *o = options;

	return (struct nms_params){ .score_threshold =
					    (float)o->score_threshold,
				    .nms_threshold = (float)o->nms_threshold,
				    .nms_top_k = o->nms_top_k,
				    .keep_top_k = o->keep_top_k };
}

const struct family ppyoloe_family = {
	.part = &ppyoloe_part,
	.build = build,
	.list_states = list_states,
	.loss = &ppyoloe_loss,
	.decode = ppyoloe_decode,
	.export_head = ppyoloe_export_head,
	.suppression = suppression,
};

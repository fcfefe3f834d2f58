#include "family/ppyoloe/ppyoloe_priv.h"

#include "device/op.h"

#include <math.h>
#include <stdlib.h>

/* max(round(n * factor), 1) with Python's rounding: half goes to even. */
static int scaled(int n, double factor)
{
	double v = nearbyint(n * factor);

	return v > 1 ? (int)v : 1;
}

static struct model_shape shape_of(const struct recipe *r)
{
	struct model_shape s = { .spp = r->spp,
				 .alpha = r->use_alpha,
				 .classes = r->num_classes };

	for (int i = 0; i < 5; i++)
		s.channels[i] = scaled(r->channels[i], r->width_mult);
	for (int i = 0; i < 4; i++)
		s.blocks[i] = scaled(r->layers[i], r->depth_mult);
	for (int i = 0; i < 3; i++)
		s.neck_channels[i] = scaled(r->neck_channels[i], r->width_mult);
	s.neck_blocks = scaled(r->neck_blocks, r->depth_mult);
	return s;
}

/* Channels are halved inside blocks; a width of 1 has no half. */
static int check_shape(const struct model_shape *s, const struct recipe *r,
		       struct fl_err *err)
{
	int least = s->channels[0];

	for (int i = 0; i < 3; i++)
		least = s->neck_channels[i] < least ? s->neck_channels[i]
						    : least;
	if (least >= 2)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"width_mult %g leaves a layer of %d channel; use a larger one",
		r->width_mult, least);
}

/* Sums of channels lie in arrays of fixed size, and a layer that wide is a
 * slip of the pen. */
static int check_width(const struct graph *g, const struct recipe *r,
		       struct fl_err *err)
{
	int most = 0;

	for (int i = 0; i < g->value_count; i++)
		most = g->values[i].channels > most ? g->values[i].channels
						    : most;
	if (most <= DEV_MAX_CHANNELS)
		return 0;
	return fl_fail(
		err, FL_ERECIPE,
		"width_mult %g makes a layer of %d channels, at most %d are possible; use a smaller one",
		r->width_mult, most, DEV_MAX_CHANNELS);
}

int model_new(const struct recipe *recipe, struct model **out,
	      struct fl_err *err)
{
	struct model_shape shape = shape_of(recipe);
	struct model *m;
	int features[3], neck[3];
	int rc = check_shape(&shape, recipe, err);

	if (rc != 0)
		return rc;
	m = fl_calloc(1, sizeof(*m));
	m->num_classes = recipe->num_classes;
	m->graph = graph_new(3);
	m->graph->short_sums = recipe->short_sums;
	model_backbone(m->graph, &shape, features);
	model_neck(m->graph, &shape, features, neck);
	model_head(m->graph, &shape, neck, &m->head);
	rc = check_width(m->graph, recipe, err);
	if (rc != 0) {
		model_free(m);
		return rc;
	}
	graph_finish(m->graph);
	model_list_states(m, &shape);
	*out = m;
	return 0;
}

void model_free(struct model *m)
{
	if (!m)
		return;
	graph_free(m->graph);
	free(m->states);
	free(m);
}

/* The state dict of a model, entry by entry: a family lists its names in the
 * reference's order, and each finds its parameter in the graph. Called once,
 * when a model is made. */
#include "model/blocks.h"

#include <stdlib.h>

/* A name without a parameter is a constant, whose length model_list_ramp()
 * sets. */
static void model_list(struct model *m, const char *name)
{
	struct model_state *s;

	m->states = fl_realloc(m->states, (size_t)(m->state_count + 1) *
						  sizeof(*m->states));
	s = &m->states[m->state_count++];
	s->ramp = 0;
	s->param = graph_find_param(m->graph, name);
	s->name = s->param ? s->param->name : name;
}

static void list_leaf(struct model *m, const char *path, const char *leaf)
{
	model_list(m, model_path(m->graph, "%s.%s", path, leaf));
}

void model_list_conv_bn(struct model *m, const char *path)
{
	static const char *const leaves[] = { "conv.weight", "bn.weight",
					      "bn.bias", "bn._mean",
					      "bn._variance" };

	for (size_t i = 0; i < sizeof(leaves) / sizeof(leaves[0]); i++)
		list_leaf(m, path, leaves[i]);
}

void model_list_basic_block(struct model *m, const char *path, bool alpha)
{
	model_list_conv_bn(m, model_path(m->graph, "%s.conv1", path));
	/* PP-YOLOE+ alone; it stands between the two convolutions' entries. */
	if (alpha)
		list_leaf(m, path, "conv2.alpha");
	model_list_conv_bn(m, model_path(m->graph, "%s.conv2.conv1", path));
	model_list_conv_bn(m, model_path(m->graph, "%s.conv2.conv2", path));
}

void model_list_fc(struct model *m, const char *path)
{
	list_leaf(m, path, "weight");
	list_leaf(m, path, "bias");
}

void model_list_ramp(struct model *m, const char *name, int bins)
{
	model_list(m, name);
	m->states[m->state_count - 1].ramp = bins;
}

size_t model_state_count(const struct model_state *state)
{
	return state->param ? state->param->count : (size_t)state->ramp;
}

int model_state_dims(const struct model_state *state, int dims[4])
{
	const int ramp[4] = { 1, state->ramp, 1, 1 };
	const int *from = state->param ? state->param->dims : ramp;
	int n = state->param ? state->param->ndims : 4;

	for (int i = 0; i < n; i++)
		dims[i] = from[i];
	return n;
}

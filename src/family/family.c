/* A recipe's family, found by whose part the recipe has, and its model: the
 * family builds, and what is the same for all stands here. Asked by whoever
 * opens a model (train/, probe/, cmd/), after recipe_load() has let the recipe
 * pass. */
#include "family/family.h"

#include <stdlib.h>

static const struct family *family_of(const struct recipe *recipe)
{
	const struct family *const *f = families;

	while (*f && !recipe_options(recipe, (*f)->part))
		f++;
	/* recipe_load() refuses an architecture of no family, with a
	 * sentence. */
	FL_ASSERT(*f != NULL);
	return *f;
}

const void *family_options(const struct recipe *recipe)
{
	return recipe_options(recipe, family_of(recipe)->part);
}

struct nms_params family_suppression(const struct recipe *recipe)
{
	return family_of(recipe)->suppression(family_options(recipe));
}

int family_model(const struct recipe *recipe, struct model **out,
		 struct fl_err *err)
{
	const struct family *f = family_of(recipe);
	const void *options = family_options(recipe);
	struct model *m = fl_calloc(1, sizeof(*m));
	int rc;

	m->family = f;
	m->num_classes = recipe->num_classes;
	/* Pictures are red, green, blue. */
	m->graph = graph_new(3);
	m->graph->short_sums = recipe->short_sums;
	m->graph->recompute = recipe->recompute;
	rc = f->build(options, m, err);
	if (rc != 0) {
		family_model_free(m);
		return rc;
	}
	/* In this order: a state dict lists parameters by name, and their
	 * offsets are laid out by graph_finish(), after which nothing may be
	 * added. */
	graph_finish(m->graph);
	f->list_states(options, m);
	*out = m;
	return 0;
}

void family_model_free(struct model *m)
{
	if (!m)
		return;
	graph_free(m->graph);
	free(m->states);
	free(m);
}

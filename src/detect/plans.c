/* One slab and one workspace, as large as the largest plan needs: only one plan
 * runs at a time, so all sizes share them. Plans are made first, which settles
 * their bytes; then memory is taken once; then each is given its places. Called
 * by network_open before step 0: no step allocates, and a run that does not fit
 * says so at once. */
#include "detect/plans.h"

#include <stdlib.h>

static bool same(const struct plan_key *a, const struct plan_key *b)
{
	return a->mode == b->mode && a->batch == b->batch &&
	       a->height == b->height && a->width == b->width &&
	       a->precision == b->precision;
}

struct plan *plans_find(const struct plans *plans, const struct plan_key *key)
{
	for (int i = 0; i < plans->count; i++)
		if (same(plan_key(plans->list[i]), key))
			return plans->list[i];
	return NULL;
}

static void grow(size_t *most, size_t bytes)
{
	*most = bytes > *most ? bytes : *most;
}

int plans_open(const struct graph *graph, struct dev *dev,
	       const struct plan_key *keys, int count, struct plans *out,
	       struct fl_err *err)
{
	int rc = 0;

	*out = (struct plans){ .dev = dev };
	out->list = fl_calloc((size_t)count, sizeof(struct plan *));
	for (int i = 0; rc == 0 && i < count; i++) {
		struct plan *p;

		/* Training sizes may repeat the evaluation's. */
		if (plans_find(out, &keys[i]))
			continue;
		rc = plan_new(graph, dev, &keys[i], &p, err);
		if (rc != 0)
			break;
		out->list[out->count++] = p;
		grow(&out->activation_bytes, plan_activation_bytes(p));
		grow(&out->workspace_bytes, plan_workspace_bytes(p));
	}
	if (rc == 0)
		rc = dev_slab_new(dev, out->activation_bytes, DEV_OWN,
				  &out->activations, err);
	if (rc == 0)
		rc = dev_slab_new(dev, out->workspace_bytes, DEV_OWN,
				  &out->workspace, err);
	for (int i = 0; rc == 0 && i < out->count; i++)
		plan_bind(out->list[i], out->activations.data,
			  out->workspace.data);
	if (rc != 0)
		plans_close(out);
	return rc;
}

/* Shapes and places alone, no memory: '--batch_size auto' asks it for many
 * batches. */
int plans_measure(const struct graph *graph, struct dev *dev,
		  const struct plan_key *key, size_t *bytes, struct fl_err *err)
{
	struct plan *p;
	int rc = plan_new(graph, dev, key, &p, err);

	if (rc != 0)
		return rc;
	*bytes = plan_activation_bytes(p) + plan_workspace_bytes(p);
	plan_free(p);
	return 0;
}

void plans_close(struct plans *plans)
{
	for (int i = 0; i < plans->count; i++)
		plan_free(plans->list[i]);
	free(plans->list);
	/* One that is all zero was never opened, and has no device to give back
	 * to. */
	if (plans->dev) {
		dev_slab_free(plans->dev, &plans->activations);
		dev_slab_free(plans->dev, &plans->workspace);
	}
	*plans = (struct plans){ 0 };
}

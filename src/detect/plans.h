/* plans.h - the plans of a run, for every image size, in one arena.
 *
 * All plans are made when the run starts, so that no step waits for kernels
 * to be chosen and the memory of the whole run is known before step 0.
 *
 * Ownership: the set owns its plans and slabs; graph and device are borrowed.
 */
#ifndef FL_DETECT_PLANS_H
#define FL_DETECT_PLANS_H

#include "graph/plan.h"

struct plans {
	struct dev *dev;
	struct plan **list;
	int count;
	struct dev_slab activations, workspace;
	size_t activation_bytes, workspace_bytes;
};

/* keys may hold an entry twice; it is planned once. */
int plans_open(const struct graph *graph, struct dev *dev,
	       const struct plan_key *keys, int count, struct plans *out,
	       struct fl_err *err);
void plans_close(struct plans *plans);
/* Bytes of activations and workspace that the plan of one size takes. */
int plans_measure(const struct graph *graph, struct dev *dev,
		  const struct plan_key *key, size_t *bytes,
		  struct fl_err *err);
/* NULL when no such plan was made. */
struct plan *plans_find(const struct plans *plans, const struct plan_key *key);

#endif

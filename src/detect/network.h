/* network.h - a model on a device, ready to look at pictures: weights, plans and
 * the queue that its work goes into. A trainer is this and more (train/engine.h);
 * who only evaluates opens this and pays for no gradients, no loss and no buckets.
 *
 * Its state is device memory: what files and reports need is fetched into the
 * mirror first, and put back where it was changed. After network_open and
 * weights_load the mirror of the weights is as the device has them.
 *
 * Ownership: recipe, model, device and comm are borrowed.
 * Threads: the compute thread.
 */
#ifndef FL_DETECT_NETWORK_H
#define FL_DETECT_NETWORK_H

#include "comm/comm.h"
#include "config/recipe.h"
#include "data/classes.h"
#include "model/model.h"
#include "detect/plans.h"
#include "detect/state_slab.h"

struct network {
	const struct recipe *recipe;
	const struct model *model;
	struct dev *dev;
	struct dev_queue *queue;
	struct comm *comm;
	/* What the model's classes are called, for checkpoints; NULL: unknown.
	 * Set by who knows. */
	const struct class_list *classes;
	struct plans plans;
	struct state_slab state;
	struct state_mirror host;
	/* What an evaluation runs on: of the rows, weights and statistics. */
	enum state_row weights, statistics;
};

/* keys: every size that will be asked for; rows: of the state, STATE_MODEL at
 * least. Weights start from the recipe's seed, other rows from zero. */
int network_open(struct network *net, const struct recipe *recipe,
		 const struct model *model, struct dev *dev, struct comm *comm,
		 unsigned rows, const struct plan_key *keys, int count,
		 struct fl_err *err);
/* One that is all zero, or did not open, is fine. */
void network_close(struct network *net);

/* The rows from the device into the mirror, and back. */
int network_fetch(struct network *net, unsigned rows, struct fl_err *err);
int network_put(struct network *net, unsigned rows, struct fl_err *err);

/* An evaluation forward with the evaluation's rows; image: as large as the
 * plan's input. Outputs are in the plan, for the work after. */
int network_forward(const struct network *net, struct plan *plan,
		    const float *image, struct fl_err *err);

#endif

/* engine.h - everything one optimizer step needs, and the step itself.
 *
 * An engine is a network (detect/network.h) with all of the state (gradients,
 * velocity, averages), a loss and its place among the ranks. It knows nothing
 * of files, epochs or logs: train/loop.c drives it, and so does probe/probe.c
 * with given batches. Its network evaluates with the rows in use.
 *
 * Ownership: recipe, model, device and comm are borrowed.
 * Threads: the compute thread.
 */
#ifndef FL_TRAIN_ENGINE_H
#define FL_TRAIN_ENGINE_H

#include "comm/bucket.h"
#include "loss/loss.h"
#include "model/model.h"
#include "optim/optim.h"
#include "detect/network.h"

/* What a rank wants of the run, told to all with the step's own sum. */
enum engine_wish {
	ENGINE_GO_ON,
	ENGINE_STOP,	/* with a checkpoint */
	ENGINE_WIND_UP, /* with a checkpoint and a score */
	ENGINE_TIME_UP, /* likewise; nobody asked but the clock */
	ENGINE_WISHES
};

struct engine {
	struct network net; /* all rows of the state */
	/* Ranks by which the recipe's batch is multiplied: those that the run
	 * began with, when some are lost. */
	int batch_ranks;
	/* A step's batch is taken in so many passes, one after another. */
	int passes, pass;
	struct dev_slab passed; /* gradients of this step's earlier passes */
	size_t added;		/* of those, how many are in this pass's */
	float passed_scale;
	const struct optim_options *optim; /* the recipe's */
	struct optim_buffers buffers;	   /* rows of the state */
	struct ema_state ema;
	struct grad_history norms;
	bool told; /* that a gradient was shortened */
	struct loss *loss;
	struct buckets *buckets;
	struct plan_run run;
	double score_sum; /* of the last step so far, over all ranks */
	/* Ranks that have each wish, as of the last step; [0] is unused. */
	int wishes[ENGINE_WISHES];
};

/* keys: every size that will be asked for. Weights start from the recipe's
 * seed; velocity and averages from zero. */
int engine_open(struct engine *engine, const struct recipe *recipe,
		const struct model *model, struct dev *dev, struct comm *comm,
		const struct plan_key *keys, int count, struct fl_err *err);
/* From now on every batch is taken in so many passes, all ranks alike, which
 * needs plans for engine_part()'s sizes. The gradients are those of the whole
 * batch but for batch statistics, which are each pass's own. Fails if there is
 * no memory. */
int engine_set_passes(struct engine *engine, int passes, struct fl_err *err);
/* Of n images, those of one pass: from *first on; returns how many. */
int engine_part(int n, int passes, int pass, int *first);
/* One that is all zero, or did not open, is fine. */
void engine_close(struct engine *engine);

/* One batch of this rank; the images are NHWC, normalised. */
struct engine_batch {
	int n, h, w;
	const float *image;
	int most;	    /* boxes an image has room for */
	const float *boxes; /* [n][most][4] pixels */
	const int *labels;  /* [n][most] */
	const int *counts;  /* [n] */
};

struct engine_result {
	/* What losses are the values of. */
	const struct loss_kind *kind;
	float losses[LOSS_MOST]; /* mean over ranks: of the whole batch */
	struct comm_times comm;
	struct plan_times times;
	double loss_s, optim_s;
	double sums_s; /* of the loss's sums over ranks, within the above */
};

/* Forward, loss, backward of one pass with, in the last one, the gradients
 * averaged over ranks, into state.grads. wish: this rank's;
 * after the call engine->wishes counts those of all, the same on every rank. */
int engine_gradients(struct engine *engine, struct plan *plan,
		     const struct engine_batch *batch, int epoch,
		     enum engine_wish wish, struct engine_result *result,
		     struct fl_err *err);
/* Momentum and EMA with the gradients at hand. */
int engine_update(struct engine *engine, double lr,
		  struct engine_result *result, struct fl_err *err);
/* The whole step: the two above. */
int engine_step(struct engine *engine, const struct engine_batch *batch,
		int epoch, double lr, enum engine_wish wish,
		struct engine_result *result, struct fl_err *err);

/* Fill the rows in use with the divided average, or with the weights where the
 * recipe has none or no step was made. */
void engine_use_average(struct engine *engine);

#endif

/* checkpoint.h - an engine and its place in the run, to and from one file.
 *
 * One safetensors file holds weights, velocity and the undivided average under
 * model., velocity. and ema., and the rest of the state as JSON in its
 * metadata (key "flotilla"). It is written to a temporary name, synced and
 * renamed, so a file with the final name is always whole.
 */
#ifndef FL_TRAIN_CHECKPOINT_H
#define FL_TRAIN_CHECKPOINT_H

#include "train/engine.h"

struct train_place {
	int64_t step; /* optimizer steps done */
	int epoch;    /* the next step's */
	int step_in_epoch;
	int steps_per_epoch;
	double lr;	   /* of the next step, as Paddle writes it down */
	double best_ap;	   /* -1: none yet */
	int best_epoch;	   /* epochs done when it was reached, for patience */
	int64_t evaluated; /* step of the newest evaluation; -1: none yet */
};

/* Where the run is in its schedule, in steps. Where the steps of an epoch have
 * changed on the way this is not the number of steps done. */
static inline int64_t train_position(const struct train_place *at)
{
	return (int64_t)at->epoch * at->steps_per_epoch + at->step_in_epoch;
}

/* What a checkpoint holds: rows in the host's memory and the numbers beside
 * them. The engine is asked for what does not change in a run. */
struct checkpoint_content {
	const struct engine *engine;
	const struct state_mirror *rows;
	struct ema_state ema;
	struct grad_history norms;
	struct train_place place;
};

/* The engine as it is; its mirror is to be fetched before. */
struct checkpoint_content checkpoint_of(const struct engine *engine,
					const struct train_place *place);
int checkpoint_save(const struct checkpoint_content *content, const char *path,
		    struct fl_err *err);

/* What made a checkpoint; 0 and "" where the file does not say. */
struct checkpoint_origin {
	int64_t ranks, batch_size; /* the product: images of a step */
	char recipe[256];
};

int checkpoint_read_origin(const char *path, struct checkpoint_origin *out,
			   struct fl_err *err);

/* place: of the checkpoint, with the steps that an epoch had there (0: it does
 * not say). FL_EDATA, FL_ERECIPE. */
int checkpoint_load(struct engine *engine, struct train_place *place,
		    const char *path, struct fl_err *err);

/* Delete all but the newest 'keep' of <epoch>.safetensors and
 * step_<n>.safetensors that runs wrote into dir, and temporaries that a killed one
 * left: nobody else writes there meanwhile (base/owner.h). */
void checkpoint_rotate(const char *dir, int keep);

#endif

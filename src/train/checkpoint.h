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
	int64_t evaluated; /* step of the newest evaluation; -1: none yet */
};

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

/* place: of a checkpoint of ours. A run with another global batch is refused,
 * for its epochs would have other steps. FL_EDATA, FL_ERECIPE. */
int checkpoint_load(struct engine *engine, struct train_place *place,
		    const char *path, struct fl_err *err);

/* Images of a step, over all ranks, of the run that wrote the checkpoint; 0 where
 * the file does not say. */
int checkpoint_images(const char *path, int64_t *images, struct fl_err *err);

/* Delete all but the newest 'keep' of <epoch>.safetensors and
 * step_<n>.safetensors in dir, and temporaries that a killed run left. */
void checkpoint_rotate(const char *dir, int keep);

#endif

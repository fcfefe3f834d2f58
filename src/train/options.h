/* options.h - what a recipe says about a run: how long, what it starts from and
 * leaves, and how ranks work together.
 */
#ifndef FL_TRAIN_OPTIONS_H
#define FL_TRAIN_OPTIONS_H

#include "config/recipe.h"

enum train_norm { /* in the order of the words of the row */
	TRAIN_NORM_RANK,
	TRAIN_NORM_ALL /* sync_bn: statistics over all ranks */
};

struct run_options {
	int epoch; /* epochs to train */
	int log_iter, snapshot_epoch;
	const char *save_dir;
	const char *pretrain_weights; /* "": start from initialisation */
	enum train_norm norm;

	/* ours */
	int memory_limit;   /* MiB of activations and workspace; 0: none */
	int snapshot_steps; /* 0: none between epochs */
	int keep_checkpoints;
	int patience; /* epochs without a better AP; 0: without end */
	bool overlap; /* gradients leave during backward */
	double bucket_mb;
};

extern const struct recipe_part run_part;
const struct run_options *run_options(const struct recipe *recipe);

#endif

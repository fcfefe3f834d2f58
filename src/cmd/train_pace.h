/* train_pace.h - what the agent is told for its forecast: how large the model is,
 * and, once the first steps have been timed, how long one computes.
 *
 * Ownership: the engine is borrowed between begin and end.
 * Threads: the training thread.
 */
#ifndef FL_CMD_TRAIN_PACE_H
#define FL_CMD_TRAIN_PACE_H

#include "train/loop.h"

#define PACE_STEPS 12 /* of which the first two only warm up */
#define PACE_S 30.0   /* no further ones, where that was the aim */

struct train_pace {
	bool alone; /* no other rank takes part in these steps */
	const struct engine *engine;
	int steps;
	bool told;
	double compute, total; /* s, of the timed steps */
	int timed;
};

/* folder: where this rank will write checkpoints; NULL: it does not. */
void train_pace_begin(struct train_pace *pace, const struct engine *engine,
		      const char *folder);
/* Tells the agent when PACE_STEPS have been made. */
void train_pace_add(struct train_pace *pace,
		    const struct train_step_info *info);
/* There will be no more: tells what is known. */
void train_pace_end(struct train_pace *pace);

#endif

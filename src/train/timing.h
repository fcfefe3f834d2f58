/* timing.h - a few steps of training for what they take, and nothing kept. */
#ifndef FL_TRAIN_TIMING_H
#define FL_TRAIN_TIMING_H

#include "train/loop.h"

/* So many steps from the recipe's start, or up to the first that ends later
 * than 'seconds'; of the events only ready, stepped and phase are told. No file
 * is written. train_request_stop() ends it too. */
int train_time_steps(const struct recipe *recipe, struct dev *dev,
		     struct comm *comm, int steps, double seconds,
		     const struct train_events *events, struct fl_err *err);

#endif

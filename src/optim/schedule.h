/* schedule.h - the learning rate as a closed formula of the step.
 *
 * Source: ppdet/optimizer/optimizer.py. With E steps an epoch, W steps of
 * warm-up, T = max_epochs E and f = start_factor, at optimizer step t from 0:
 *     t < W:      base (f (1 - t / W) + t / W)
 *     W <= t < T: min + (base - min) (cos(pi (t - W) / (T - W)) + 1) / 2
 *     t >= T:     the last value
 */
#ifndef FL_OPTIM_SCHEDULE_H
#define FL_OPTIM_SCHEDULE_H

#include "optim/options.h"

#include <stdint.h>

/* The learning-rate contract. base_lr belongs to base_batch images a step; with k times as
 * many in this job
 *     keep:   base_lr as it is
 *     linear: k base_lr
 *     sqrt:   sqrt(k) base_lr
 * and where k > 1 linear and sqrt make a warm-up of epochs k times as long,
 * so that it has the recipe's number of steps, up to a fifth of all epochs.
 * batch_size is one rank's, epochs the run's. options get the new values; line says
 * in one sentence what was done. */
#define SCHEDULE_LINE 320
void schedule_fit(struct schedule_options *options, int batch_size, int world,
		  int epochs, char line[SCHEDULE_LINE]);

double schedule_lr(const struct schedule_options *options,
		   int64_t steps_per_epoch, int64_t step);

#endif

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

#include "config/recipe.h"

#include <stdint.h>

double schedule_lr(const struct recipe *recipe, int64_t steps_per_epoch,
		   int64_t step);

#endif

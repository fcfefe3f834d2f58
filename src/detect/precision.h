/* precision.h - which precision a job computes in: two keys of the recipe become one
 * answer, the same on all ranks.
 */
#ifndef FL_DETECT_PRECISION_H
#define FL_DETECT_PRECISION_H

#include "comm/comm.h"
#include "config/recipe.h"
#include "device/device.h"

/* Makes recipe->precision fp32 or bf16, and says why where there was a choice.
 * A collective. FL_ERECIPE where bf16 is asked for and not possible. */
int precision_settle(struct recipe *recipe, const struct device *device,
		     struct comm *comm, struct fl_err *err);

#endif

/* golden_weights.h - the oracle's formula weights of a recipe's model. */
#ifndef TESTS_SUPPORT_GOLDEN_WEIGHTS_H
#define TESTS_SUPPORT_GOLDEN_WEIGHTS_H

#include "base/err.h"
#include "config/recipe.h"

#include <stdint.h>

/* Written to path as safetensors. statistics: a file whose tensors take the
 * place of the formula's, or NULL. moved: 0, or which of many ways to move every
 * second trained weight to a neighbouring float. */
int golden_weights(const struct recipe *recipe, uint64_t seed,
		   const char *statistics, uint64_t moved, const char *path,
		   struct fl_err *err);

#endif

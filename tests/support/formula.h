/* formula.h - weights, images and boxes of the reference's recorded steps as a
 * function of (seed, name, index), as formula.py of the oracle defines them.
 * Every value is exact in float32 or rounded once. */
#ifndef TESTS_SUPPORT_FORMULA_H
#define TESTS_SUPPORT_FORMULA_H

#include "ckpt/tensor_file.h"

/* Value by name and shape: out has named_tensor_count(t) places. */
void formula_tensor(uint64_t seed, const struct named_tensor *t, float *out);
/* [n][3][h][w] */
void formula_image(uint64_t seed, int step, int n, int h, int w, float *out);
/* counts[n]; boxes [n][most][4], classes and mask [n][most], zero where an
 * image has fewer. */
void formula_boxes(uint64_t seed, int step, int n, int most, const int *counts,
		   int h, int w, int num_classes, float *boxes,
		   int32_t *classes, float *mask);

#endif

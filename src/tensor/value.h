/* value.h - single values of a tensor as float, whatever type it has: F32 or
 * BF16. For definitions and for what is no matter of speed; loops that are have
 * their own (device/cpu).
 *
 * BF16 is the upper half of a float: its sign, its 8 bits of exponent, 7 bits of
 * fraction. Rounding is to the nearest, of two equally near ones to the even;
 * what is no number stays none.
 */
#ifndef FL_TENSOR_VALUE_H
#define FL_TENSOR_VALUE_H

#include "tensor/tensor.h"

#include <stdint.h>
#include <string.h>

static inline float bf16_to_float(uint16_t v)
{
	uint32_t bits = (uint32_t)v << 16;
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

static inline uint16_t bf16_of(float f)
{
	uint32_t bits;

	memcpy(&bits, &f, sizeof(bits));
	if (f != f) /* rounding could carry a NaN into infinity */
		return (uint16_t)(bits >> 16 | 0x40);
	return (uint16_t)((bits + 0x7fff + (bits >> 16 & 1)) >> 16);
}

/* The value of 'type' that is nearest to f. */
static inline float value_rounded(enum dtype type, float f)
{
	return type == DTYPE_BF16 ? bf16_to_float(bf16_of(f)) : f;
}

/* Element i behind t's data, in elements of its type. */
static inline float tensor_get(const struct tensor *t, size_t i)
{
	return t->type == DTYPE_BF16 ? bf16_to_float(((uint16_t *)t->data)[i])
				     : ((float *)t->data)[i];
}

static inline void tensor_put(const struct tensor *t, size_t i, float f)
{
	if (t->type == DTYPE_BF16)
		((uint16_t *)t->data)[i] = bf16_of(f);
	else
		((float *)t->data)[i] = f;
}

#endif

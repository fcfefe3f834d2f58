/* tensor_value.c - values of any dtype as float32, which is what the model's
 * parameters are; halves and bfloat16 without loss, doubles and integers
 * rounded.
 * Values are copied out one by one, since a tensor in a
 * file need not be aligned. */
#include "ckpt/tensor_file.h"

#include "tensor/value.h"

#include <string.h>

size_t named_tensor_count(const struct named_tensor *t)
{
	return t->bytes / dtype_bytes(t->dtype);
}

bool named_tensor_has_shape(const struct named_tensor *t, int rank,
			    const int64_t *dims)
{
	if (t->rank != rank)
		return false;
	for (int i = 0; i < rank; i++)
		if (t->dims[i] != dims[i])
			return false;
	return true;
}

static float bits_to_float(uint32_t bits)
{
	float f;

	memcpy(&f, &bits, sizeof(f));
	return f;
}

/* Sign, 5 bits of exponent (bias 15), 10 of fraction, to 8
 * (bias 127) and 23: hence 112 and 13. */
static float half_to_float(uint16_t h)
{
	uint32_t sign = (uint32_t)(h & 0x8000) << 16;
	uint32_t exponent = h >> 10 & 0x1f, fraction = h & 0x3ff;

	if (exponent == 0x1f)
		return bits_to_float(sign | 0x7f800000 | fraction << 13);
	if (exponent)
		return bits_to_float(sign | (exponent + 112) << 23 |
				     fraction << 13);
	/* Below the normal halves a value is fraction / 2^24, exactly. */
	return (sign ? -1.0f : 1.0f) * (float)fraction * 0x1p-24f;
}

/* One loop for each type, so that the compiler knows
 * the size of what it copies. */
#define CONVERT(type, expression)                                    \
	do {                                                         \
		type v;                                              \
		for (size_t i = 0; i < count; i++) {                 \
			memcpy(&v, from + i * sizeof(v), sizeof(v)); \
			out[i] = (expression);                       \
		}                                                    \
	} while (0)

void named_tensor_f32(const struct named_tensor *t, size_t first, size_t count,
		      float *out)
{
	const unsigned char *from = t->data;

	if (count == 0)
		return;
	from += first * dtype_bytes(t->dtype);
	switch (t->dtype) {
	case DTYPE_F32:
		memcpy(out, from, count * sizeof(*out));
		break;
	case DTYPE_F16:
		CONVERT(uint16_t, half_to_float(v));
		break;
	case DTYPE_BF16:
		CONVERT(uint16_t, bf16_to_float(v));
		break;
	case DTYPE_F64:
		CONVERT(double, (float)v);
		break;
	case DTYPE_U8:
		CONVERT(uint8_t, (float)v);
		break;
	case DTYPE_I32:
		CONVERT(int32_t, (float)v);
		break;
	case DTYPE_I64:
		CONVERT(int64_t, (float)v);
		break;
	case DTYPE_BOOL:
		CONVERT(uint8_t, v ? 1.0f : 0.0f);
		break;
	case DTYPE_COUNT:
		break;
	}
}

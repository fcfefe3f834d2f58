/* dtype.h - the types that numbers have: in tensors, in files, on the wire.
 *
 * One list for all three, so that a checkpoint's BF16 and a map's BF16 are the
 * same word. Names are those of safetensors. Half-precision types have no C
 * type here: who computes with them converts (device/).
 */
#ifndef FL_TENSOR_DTYPE_H
#define FL_TENSOR_DTYPE_H

#include <stddef.h>

/* type, its name in safetensors, bytes of one value. F32 is first: it is what a
 * structure set to zero means. */
#define DTYPE_LIST(X)            \
	X(DTYPE_F32, "F32", 4)   \
	X(DTYPE_F16, "F16", 2)   \
	X(DTYPE_BF16, "BF16", 2) \
	X(DTYPE_F64, "F64", 8)   \
	X(DTYPE_U8, "U8", 1)     \
	X(DTYPE_I32, "I32", 4)   \
	X(DTYPE_I64, "I64", 8)   \
	X(DTYPE_BOOL, "BOOL", 1)

enum dtype {
#define X(type, name, bytes) type,
	DTYPE_LIST(X)
#undef X
	DTYPE_COUNT
};

static inline const char *dtype_name(enum dtype type)
{
	static const char *const names[DTYPE_COUNT] = {
#define X(type, name, bytes) name,
		DTYPE_LIST(X)
#undef X
	};

	return names[type];
}

static inline size_t dtype_bytes(enum dtype type)
{
	static const unsigned char bytes_of[DTYPE_COUNT] = {
#define X(type, name, bytes) bytes,
		DTYPE_LIST(X)
#undef X
	};

	return bytes_of[type];
}

#endif

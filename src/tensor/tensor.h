/* tensor.h - type, shape and place of a tensor; no arithmetic.
 *
 * Maps are NHWC: pixel (n, y, x) starts ((n * h + y) * w + x) * ld elements
 * behind data, and its c channels lie side by side. ld > c means a slice of a
 * wider tensor: that is how concat costs nothing.
 *
 * data is the device's: only operations, write and read (device/device.h)
 * follow it. A tensor does not own its memory.
 */
#ifndef FL_TENSOR_TENSOR_H
#define FL_TENSOR_TENSOR_H

#include "tensor/dtype.h"

#include <stdbool.h>
#include <stddef.h>

struct tensor {
	void *data;
	enum dtype type;
	int n, h, w, c;
	int ld; /* elements from one pixel to the next, >= c */
};

static inline size_t tensor_pixels(const struct tensor *t)
{
	return (size_t)t->n * (size_t)t->h * (size_t)t->w;
}

static inline size_t tensor_count(const struct tensor *t)
{
	return tensor_pixels(t) * (size_t)t->c;
}

/* Of a dense tensor. */
static inline size_t tensor_bytes(const struct tensor *t)
{
	return tensor_count(t) * dtype_bytes(t->type);
}

static inline bool tensor_dense(const struct tensor *t)
{
	return t->ld == t->c;
}

/* A dense one. */
static inline struct tensor tensor_make(void *data, enum dtype type, int n,
					int h, int w, int c)
{
	return (struct tensor){ data, type, n, h, w, c, c };
}

/* Channels first .. first + count - 1 of t. */
static inline struct tensor tensor_slice(const struct tensor *t, int first,
					 int count)
{
	struct tensor s = *t;

	if (t->data)
		s.data = (char *)t->data + (size_t)first * dtype_bytes(t->type);
	s.c = count;
	return s;
}

#endif

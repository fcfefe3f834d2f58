/* tensor.h - shape and place of a tensor; no arithmetic.
 *
 * Everything is float32 in NHWC: pixel (n, y, x) starts at
 * data + ((n * h + y) * w + x) * ld, and its c channels lie side by side.
 * ld > c means a slice of a wider tensor: that is how concat costs nothing.
 * A tensor does not own its memory.
 */
#ifndef FL_TENSOR_TENSOR_H
#define FL_TENSOR_TENSOR_H

#include <stdbool.h>
#include <stddef.h>

struct tensor {
	float *data;
	int n, h, w, c;
	int ld; /* floats from one pixel to the next, >= c */
};

static inline size_t tensor_pixels(const struct tensor *t)
{
	return (size_t)t->n * (size_t)t->h * (size_t)t->w;
}

static inline size_t tensor_count(const struct tensor *t)
{
	return tensor_pixels(t) * (size_t)t->c;
}

static inline bool tensor_dense(const struct tensor *t)
{
	return t->ld == t->c;
}

static inline struct tensor tensor_make(float *data, int n, int h, int w, int c)
{
	return (struct tensor){ data, n, h, w, c, c };
}

/* Channels first .. first + count - 1 of t. */
static inline struct tensor tensor_slice(const struct tensor *t, int first,
					 int count)
{
	struct tensor s = *t;

	s.data = t->data ? t->data + first : NULL;
	s.c = count;
	return s;
}

#endif

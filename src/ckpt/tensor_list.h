/* tensor_list.h - named tensors and texts in memory, from or for a file.
 *
 * Layout is the file's own: row-major, convolutions [out,in,kh,kw]. Values are
 * little-endian and data may lie at any address: read it by named_tensor_f32
 * or memcpy. Data of an opened file usually points into it (base/file.h), so
 * opening is cheap; the file should not be changed in place meanwhile.
 *
 * Threads: a list that is not being built may be read by any number of threads.
 */
#ifndef FL_CKPT_TENSOR_LIST_H
#define FL_CKPT_TENSOR_LIST_H

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "tensor/dtype.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CKPT_MAX_RANK 8

struct named_tensor {
	const char *name;
	enum dtype dtype;
	int rank; /* 0: one value */
	int64_t dims[CKPT_MAX_RANK];
	const void *data; /* borrowed */
	size_t bytes;
};

struct tensor_meta {
	const char *key, *text;
};

struct tensor_file {
	const char *format; /* "safetensors", "Paddle pickle", "memory" */
	struct named_tensor *tensors; /* in the order of the file */
	size_t count;
	struct tensor_meta *meta;
	size_t meta_count;
	/* The rest belongs to tensor_list.c. */
	size_t cap, meta_cap;
	uint32_t *slots; /* hash of names: index + 1, or 0 */
	size_t slot_count;
	struct fl_arena arena;
	struct fl_map map;
	struct tensor_file *part; /* another open file that is borrowed from */
};

/* A zeroed struct is fine. */
void tensor_file_close(struct tensor_file *file);
/* Closes what work with path has used, and returns its rc; or FL_EDATA where
 * the file was cut short or failed meanwhile: what came of it is then worth
 * nothing. */
int tensor_file_end(struct tensor_file *file, const char *path, int rc,
		    struct fl_err *err);

/* NULL when there is none. */
const struct named_tensor *tensor_file_find(const struct tensor_file *file,
					    const char *name);
const char *tensor_file_meta(const struct tensor_file *file, const char *key);

/* Values of one tensor. */
size_t named_tensor_count(const struct named_tensor *t);
/* Values first .. first + count - 1 as float32, whatever the dtype. */
void named_tensor_f32(const struct named_tensor *t, size_t first, size_t count,
		      float *out);
/* Same rank and dims? */
bool named_tensor_has_shape(const struct named_tensor *t, int rank,
			    const int64_t *dims);
/* "[16,3,3,3]" into buf; returns buf. */
#define CKPT_SHAPE_TEXT 192
char *ckpt_shape_text(int rank, const int64_t *dims, char buf[CKPT_SHAPE_TEXT]);

/* Building a list in memory. The struct starts zeroed (TENSOR_FILE_INIT);
 * names and texts are copied, data is borrowed. A name that is there already,
 * is empty, holds a control character or is not UTF-8, and dims that do not
 * give t->bytes, are refused with FL_EDATA. */
#define TENSOR_FILE_INIT           \
	{                          \
		.format = "memory" \
	}
int tensor_file_add(struct tensor_file *file, const struct named_tensor *t,
		    struct fl_err *err);
void tensor_file_add_meta(struct tensor_file *file, const char *key,
			  const char *text);
/* Bytes of a tensor of this dtype and these dims into *bytes; false on a
 * negative dim, a rank over CKPT_MAX_RANK or a size over 2^62. */
bool ckpt_tensor_bytes(enum dtype dtype, int rank, const int64_t *dims,
		       size_t *bytes);

#endif

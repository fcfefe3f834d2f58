/* tensor_list.c - a list of named tensors in memory: what every
 * format is read into and written from.
 * Names are found by open addressing in a table of indices that is never more
 * than half full, for a model has some thousand tensors and each is asked for.
 * slot_count is a power of two. */
#include "ckpt/tensor_list.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ckpt_tensor_bytes(enum dtype dtype, int rank, const int64_t *dims,
		       size_t *bytes)
{
	/* Far above any file and below what a size_t or an int64_t holds, so
	 * that sums of two cannot overflow. */
	const uint64_t limit = (uint64_t)1 << 62;
	uint64_t n = dtype_bytes(dtype);
	bool empty = false;

	if (rank < 0 || rank > CKPT_MAX_RANK)
		return false;
	for (int i = 0; i < rank; i++) {
		if (dims[i] < 0)
			return false;
		empty |= dims[i] == 0;
	}
	/* [0, huge] has no values, however large the other dims. */
	for (int i = 0; i < rank && !empty; i++) {
		if (n > limit / (uint64_t)dims[i])
			return false;
		n *= (uint64_t)dims[i];
	}
	*bytes = empty ? 0 : (size_t)n;
	return true;
}

/* The slot that holds name, or the free one where it belongs. */
static uint32_t *slot_of(const struct tensor_file *file, const char *name)
{
	size_t mask = file->slot_count - 1, i = fl_hash(name) & mask;

	while (file->slots[i] &&
	       strcmp(file->tensors[file->slots[i] - 1].name, name) != 0)
		i = (i + 1) & mask;
	return &file->slots[i];
}

const struct named_tensor *tensor_file_find(const struct tensor_file *file,
					    const char *name)
{
	uint32_t at = file->slot_count ? *slot_of(file, name) : 0;

	return at ? &file->tensors[at - 1] : NULL;
}

/* A handful of entries, or a Paddle table that is asked for once a tensor: a
 * row of comparisons is quick enough. */
const char *tensor_file_meta(const struct tensor_file *file, const char *key)
{
	for (size_t i = 0; i < file->meta_count; i++)
		if (!strcmp(file->meta[i].key, key))
			return file->meta[i].text;
	return NULL;
}

/* Called before an entry is added, so that slot_of() always finds a
 * free slot. */
static void grow(struct tensor_file *file)
{
	if (file->count == file->cap) {
		file->cap = file->cap ? 2 * file->cap : 64;
		file->tensors = fl_realloc(file->tensors,
					   file->cap * sizeof(*file->tensors));
	}
	if (2 * (file->count + 1) <= file->slot_count)
		return;
	file->slot_count = file->slot_count ? 2 * file->slot_count : 256;
	free(file->slots);
	file->slots = fl_calloc(file->slot_count, sizeof(*file->slots));
	for (size_t i = 0; i < file->count; i++)
		*slot_of(file, file->tensors[i].name) = (uint32_t)i + 1;
}

/* A name can be printed and stored in any of the formats: JSON takes no wrong
 * UTF-8, a terminal no control characters. */
static bool good_name(const char *name)
{
	if (!*name)
		return false;
	for (const char *p = name; *p;) {
		size_t n = fl_utf8_len(p);

		if (n == 0 || (unsigned char)*p < ' ' || *p == 0x7f)
			return false;
		p += n;
	}
	return true;
}

int tensor_file_add(struct tensor_file *file, const struct named_tensor *t,
		    struct fl_err *err)
{
	size_t bytes;
	char shape[CKPT_SHAPE_TEXT];

	if (!good_name(t->name))
		return fl_fail(err, FL_EDATA,
			       "tensor %zu has a name that is "
			       "empty or no text",
			       file->count);
	if (!ckpt_tensor_bytes(t->dtype, t->rank, t->dims, &bytes) ||
	    bytes != t->bytes)
		return fl_fail(err, FL_EDATA,
			       "tensor '%s' of type %s and shape "
			       "%s cannot have %zu bytes",
			       t->name, dtype_name(t->dtype),
			       ckpt_shape_text(t->rank, t->dims, shape),
			       t->bytes);
	if (tensor_file_find(file, t->name))
		return fl_fail(err, FL_EDATA, "there are two tensors '%s'",
			       t->name);
	grow(file);
	file->tensors[file->count] = *t;
	file->tensors[file->count].name =
		fl_arena_strdup(&file->arena, t->name);
	file->count++;
	*slot_of(file, t->name) = (uint32_t)file->count;
	return 0;
}

void tensor_file_add_meta(struct tensor_file *file, const char *key,
			  const char *text)
{
	if (file->meta_count == file->meta_cap) {
		file->meta_cap = file->meta_cap ? 2 * file->meta_cap : 16;
		file->meta = fl_realloc(file->meta,
					file->meta_cap * sizeof(*file->meta));
	}
	file->meta[file->meta_count++] = (struct tensor_meta){
		.key = fl_arena_strdup(&file->arena, key),
		.text = fl_arena_strdup(&file->arena, text),
	};
}

void tensor_file_close(struct tensor_file *file)
{
	/* Borrowed lists are chained one behind the other; each call
	 * closes the rest of the chain. */
	if (file->part) {
		tensor_file_close(file->part);
		free(file->part);
	}
	free(file->tensors);
	free(file->meta);
	free(file->slots);
	fl_arena_release(&file->arena);
	fl_map_close(&file->map);
	*file = (struct tensor_file)TENSOR_FILE_INIT;
}

int tensor_file_end(struct tensor_file *file, const char *path, int rc,
		    struct fl_err *err)
{
	/* Any file of the chain may have been cut short; path
	 * names the one that was asked for. */
	for (const struct tensor_file *f = file; f; f = f->part)
		if (fl_map_whole(&f->map, path, err) != 0)
			rc = err->code = FL_EDATA;
	tensor_file_close(file);
	return rc;
}

char *ckpt_shape_text(int rank, const int64_t *dims, char buf[CKPT_SHAPE_TEXT])
{
	size_t at = 0;

	buf[at++] = '[';
	/* 192 bytes hold 8 dims of 20 digits with their commas. */
	for (int i = 0; i < rank && i < CKPT_MAX_RANK; i++)
		at += (size_t)snprintf(buf + at, CKPT_SHAPE_TEXT - at, "%s%lld",
				       i ? "," : "", (long long)dims[i]);
	buf[at++] = ']';
	buf[at] = '\0';
	return buf;
}

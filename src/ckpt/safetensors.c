/* safetensors.c - reading a safetensors file that is in
 * memory; tensor_file.c calls it.
 * The header is pulled apart entry by entry, each checked by itself, and at the
 * end the places of all are sorted to see that they neither overlap nor leave
 * holes, as the format demands so that a file cannot be something
 * else besides. */
#include "ckpt/safetensors.h"

#include "base/str.h"
#include "text/json.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t get_u64(const unsigned char *p)
{
	uint64_t v = 0;

	for (int i = 7; i >= 0; i--)
		v = v << 8 | p[i];
	return v;
}

/* What the reader knows of the file. values: the first byte behind the
 * header, from which offsets count. */
struct header_reader {
	struct tensor_file *file;
	const unsigned char *values;
	size_t value_bytes;
	const char *what;
	struct fl_err *err;
};

static int bad(struct header_reader *r, const char *name, const char *why)
{
	return fl_fail(r->err, FL_EDATA, "'%s': tensor '%s' %s", r->what, name,
		       why);
}

static int read_meta(struct header_reader *r, const struct json *meta)
{
	if (json_kind_of(meta) != JSON_KIND_OBJECT)
		return fl_fail(r->err, FL_EDATA,
			       "'%s': '__metadata__' is no "
			       "object of texts",
			       r->what);
	for (void *it = json_first(meta); it; it = json_next(meta, it)) {
		const char *text;

		if (!json_text(json_value(it), &text))
			return fl_fail(r->err, FL_EDATA,
				       "'%s': '%s' in "
				       "'__metadata__' is no text",
				       r->what, json_key(it));
		tensor_file_add_meta(r->file, json_key(it), text);
	}
	return 0;
}

static int read_dtype(struct header_reader *r, const char *name,
		      const struct json *entry, enum dtype *dtype)
{
	const char *text;
	int d = 0;

	if (!json_text(json_get(entry, "dtype"), &text))
		return bad(r, name, "has no 'dtype'");
	/* dtype_name()s are the format's words. */
	while (d < DTYPE_COUNT && strcmp(text, dtype_name(d)) != 0)
		d++;
	if (d == DTYPE_COUNT)
		return fl_fail(r->err, FL_EDATA,
			       "'%s': tensor '%s' has type "
			       "'%.20s', which is not supported (F16 BF16 F32 "
			       "F64 U8 I32 I64 BOOL are)",
			       r->what, name, text);
	*dtype = (enum dtype)d;
	return 0;
}

static int read_shape(struct header_reader *r, const struct json *entry,
		      struct named_tensor *t)
{
	const struct json *shape = json_get(entry, "shape");
	size_t rank = json_count(shape);

	if (!shape || json_kind_of(shape) != JSON_KIND_ARRAY)
		return bad(r, t->name, "has no 'shape'");
	if (rank > CKPT_MAX_RANK)
		return bad(r, t->name, "has more than 8 dimensions");
	t->rank = (int)rank;
	for (size_t i = 0; i < rank; i++)
		if (!json_int(json_at(shape, i), &t->dims[i]))
			return bad(r, t->name,
				   "has a dimension that is no "
				   "whole number");
	return 0;
}

static int read_entry(struct header_reader *r, const char *name,
		      const struct json *entry)
{
	const struct json *at = json_get(entry, "data_offsets");
	struct named_tensor t = { .name = name };
	int64_t begin, end;
	int rc = read_dtype(r, name, entry, &t.dtype);

	if (rc == 0)
		rc = read_shape(r, entry, &t);
	if (rc != 0)
		return rc;
	/* From the first byte behind the header; the end
	 * is one behind the last byte. */
	if (!at || json_count(at) != 2 || !json_int(json_at(at, 0), &begin) ||
	    !json_int(json_at(at, 1), &end))
		return bad(r, name, "has no 'data_offsets' [begin, end]");
	/* tensor_file_add() checks that the bytes are those of type
	 * and shape. */
	if (begin < 0 || end < begin || (uint64_t)end > r->value_bytes)
		return fl_fail(r->err, FL_EDATA,
			       "'%s': tensor '%s' lies at "
			       "bytes %" PRId64 " to %" PRId64 " of %zu: the "
			       "file is cut short or damaged",
			       r->what, name, begin, end, r->value_bytes);
	t.data = r->values + begin;
	t.bytes = (size_t)(end - begin);
	rc = tensor_file_add(r->file, &t, r->err);
	return rc ? fl_context(r->err, "'%s'", r->what) : 0;
}

/* Empty tensors first among those that begin at one byte, so that
 * they are not taken for an overlap. */
static int by_place(const void *a, const void *b)
{
	const struct named_tensor *x = *(const struct named_tensor *const *)a;
	const struct named_tensor *y = *(const struct named_tensor *const *)b;
	uintptr_t px = (uintptr_t)x->data, py = (uintptr_t)y->data;

	if (px != py)
		return px < py ? -1 : 1;
	return x->bytes < y->bytes ? -1 : x->bytes > y->bytes;
}

/* Values must fill the file without overlap and without holes. */
static int check_places(struct header_reader *r)
{
	size_t n = r->file->count;
	const struct named_tensor **order = fl_malloc(n * sizeof(*order));
	const unsigned char *end = r->values;
	int rc = 0;

	for (size_t i = 0; i < n; i++)
		order[i] = &r->file->tensors[i];
	qsort(order, n, sizeof(*order), by_place);
	for (size_t i = 0; i < n && rc == 0; i++) {
		const unsigned char *begin = order[i]->data;

		if (begin < end)
			rc = bad(r, order[i]->name, "overlaps another one");
		else if (begin > end)
			rc = bad(r, order[i]->name, "has a hole before it");
		end = begin + order[i]->bytes;
	}
	free(order);
	if (rc == 0 && end != r->values + r->value_bytes)
		rc = fl_fail(r->err, FL_EDATA,
			     "'%s': %zu bytes after the last "
			     "tensor belong to none",
			     r->what,
			     (size_t)(r->values + r->value_bytes - end));
	return rc;
}

/* A name that is given twice was refused by json_parse() already. */
static int read_members(struct header_reader *r, const struct json *header)
{
	int rc = 0;

	if (json_kind_of(header) != JSON_KIND_OBJECT)
		return fl_fail(r->err, FL_EDATA,
			       "'%s': the header is no "
			       "object",
			       r->what);
	for (void *it = json_first(header); it && rc == 0;
	     it = json_next(header, it)) {
		if (!strcmp(json_key(it), "__metadata__"))
			rc = read_meta(r, json_value(it));
		else
			rc = read_entry(r, json_key(it), json_value(it));
	}
	return rc ? rc : check_places(r);
}

int safetensors_read(struct tensor_file *file, const unsigned char *data,
		     size_t size, const char *what, struct fl_err *err)
{
	struct header_reader r = { .file = file, .what = what, .err = err };
	uint64_t len = size < 8 ? 0 : get_u64(data);
	struct json *header;
	int rc;

	if (size < 8)
		return fl_fail(err, FL_EDATA,
			       "'%s' has %zu bytes, less than "
			       "the head of a safetensors file",
			       what, size);
	/* The bound is that of the format's own library. */
	if (len > SAFETENSORS_MAX_HEADER)
		return fl_fail(err, FL_EDATA,
			       "'%s' gives a header of %" PRIu64
			       " bytes; at most %zu are allowed",
			       what, len, SAFETENSORS_MAX_HEADER);
	if (len > size - 8)
		return fl_fail(err, FL_EDATA,
			       "'%s' gives a header of %" PRIu64
			       " bytes and has %zu after its length: it is cut "
			       "short or damaged",
			       what, len, size - 8);
	r.values = data + 8 + len;
	r.value_bytes = size - 8 - (size_t)len;
	header = json_parse((const char *)data + 8, (size_t)len,
			    "header of the safetensors file", err);
	if (!header)
		return fl_context(err, "'%s'", what);
	rc = read_members(&r, header);
	json_free(header);
	return rc;
}

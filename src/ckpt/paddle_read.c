/* paddle_read.c - from the values of a pickle to a list of tensors:
 * Paddle's state dict, nested or flat.
 * Names of nested dictionaries are joined with dots. A parameter above the size
 * a pickle of protocol 2 takes was written in slices under
 * "UnpackBigParamInfor@@" (Paddle's spelling), which are joined again before
 * the rest is walked. The bounds on depth and visits end a pickle whose lists
 * contain each other. 1024 slices of a gigabyte are more than any model has. */
#include "ckpt/paddle_file.h"

#include "base/str.h"
#include "ckpt/pickle.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MAX_DEPTH 16
#define SLICE_TABLE "UnpackBigParamInfor@@"
#define MAX_SLICES 1024

struct flatten {
	struct tensor_file *file;
	struct pickle *pickle;
	struct fl_str name; /* of the value in hand, dotted */
	size_t visits;
	struct fl_err *err;
};

/* Names may be long and of strangers: the first hundred
 * bytes suffice to find the entry. */
static int fail(struct flatten *f, const char *why)
{
	return fl_fail(f->err, FL_EDATA, "'%s': entry '%.100s' %s",
		       f->pickle->what, fl_str_get(&f->name), why);
}

/* Append a key or index to the name. */
static int add_key(struct flatten *f, const struct pickle_value *key)
{
	if (f->name.len)
		fl_str_add(&f->name, ".");
	if (key->kind == PICKLE_INT) {
		fl_str_addf(&f->name, "%" PRId64, key->integer);
		return 0;
	}
	if (key->kind != PICKLE_TEXT && key->kind != PICKLE_BYTES)
		return fail(f, "has a key that is no text");
	/* Names are joined at each level; the bound keeps a nest of long keys
	 * from filling memory. */
	if (memchr(key->bytes.data, '\0', key->bytes.len) ||
	    f->name.len + key->bytes.len > 4096)
		return fail(f, "has a key that is not fit for a name");
	fl_str_addn(&f->name, key->bytes.data, key->bytes.len);
	return 0;
}

/* Texts of protocol 2 may be in any bytes, and metadata is printed. */
static int add_text(struct flatten *f, const struct pickle_value *v)
{
	struct fl_str text = FL_STR_INIT;
	int rc = 0;

	fl_str_addn(&text, v->bytes.data, v->bytes.len);
	for (size_t at = 0, n; at < text.len && rc == 0; at += n) {
		n = fl_utf8_len(text.data + at);
		if (n == 0 || text.data[at] == '\0')
			rc = fail(f, "holds a text that is not UTF-8");
	}
	if (rc == 0)
		tensor_file_add_meta(f->file, fl_str_get(&f->name),
				     fl_str_get(&text));
	fl_str_release(&text);
	return rc;
}

static int add_number(struct flatten *f, const struct pickle_value *v)
{
	struct fl_str text = FL_STR_INIT;

	if (v->kind == PICKLE_BOOL)
		fl_str_add(&text, v->integer ? "true" : "false");
	else if (v->kind == PICKLE_INT)
		fl_str_addf(&text, "%" PRId64, v->integer);
	else
		/* 17 digits read back as the same double: the learning
		 * rate goes on with its bits. */
		fl_str_addf(&text, "%.17g", v->real);
	tensor_file_add_meta(f->file, fl_str_get(&f->name), fl_str_get(&text));
	fl_str_release(&text);
	return 0;
}

static int add_array(struct flatten *f, const struct pickle_value *v)
{
	struct named_tensor t = v->array;

	/* Its values are in the joined tensor already. */
	if (v->joined)
		return 0;
	if (!v->built)
		return fail(f, "is an array without values");
	t.name = fl_str_get(&f->name);
	if (tensor_file_add(f->file, &t, f->err) != 0)
		return fl_context(f->err, "'%s'", f->pickle->what);
	return 0;
}

/* How .pdopt keeps a tensor: (internal name, array). The name is that of the
 * key; NULL where v is no such pair. */
static const struct pickle_value *named_pair(const struct pickle_value *v)
{
	if (v->kind == PICKLE_TUPLE && v->list.count == 2 &&
	    v->list.items[0]->kind == PICKLE_TEXT &&
	    v->list.items[1]->kind == PICKLE_ARRAY)
		return v->list.items[1];
	return NULL;
}

static int add_value(struct flatten *f, const struct pickle_value *v,
		     int depth);

static int add_items(struct flatten *f, const struct pickle_value *v, int depth)
{
	bool dict = v->kind == PICKLE_DICT;
	size_t before = f->name.len;
	int rc = 0;

	if (depth == MAX_DEPTH)
		return fail(f, "is nested too deep");
	for (size_t i = 0; i < v->list.count && rc == 0; i += dict ? 2 : 1) {
		struct pickle_value index = { .kind = PICKLE_INT,
					      .integer = (int64_t)i };

		/* Read by join_slices() before. */
		if (depth == 0 && pickle_is(v->list.items[i], SLICE_TABLE))
			continue;
		rc = add_key(f, dict ? v->list.items[i] : &index);
		if (rc == 0)
			rc = add_value(f, v->list.items[i + dict], depth + 1);
		f->name.len = before;
		if (f->name.data)
			f->name.data[before] = '\0';
	}
	return rc;
}

static int add_value(struct flatten *f, const struct pickle_value *v, int depth)
{
	/* Values may be shared, so a small file can be an endless tree. One
	 * that shares nothing has no more values than opcodes. */
	if (++f->visits > f->pickle->steps)
		return fail(f, "repeats or contains itself");
	if (named_pair(v))
		v = named_pair(v);
	switch (v->kind) {
	case PICKLE_NONE:
		return 0;
	case PICKLE_BOOL:
	case PICKLE_INT:
	case PICKLE_REAL:
		return add_number(f, v);
	case PICKLE_TEXT:
		return add_text(f, v);
	case PICKLE_ARRAY:
		return add_array(f, v);
	case PICKLE_TUPLE:
	case PICKLE_LIST:
	case PICKLE_DICT:
		return add_items(f, v, depth);
	case PICKLE_BYTES:
	case PICKLE_GLOBAL:
	case PICKLE_DTYPE:
		break;
	}
	return fail(f, "is no tensor, number, text or collection of them");
}

/* The last value would count in Python; keys of a state dict differ, and a
 * repeated tensor is refused by the list. */
static struct pickle_value *dict_get(const struct pickle_value *dict,
				     const struct pickle_value *key)
{
	if (dict->kind != PICKLE_DICT ||
	    (key->kind != PICKLE_TEXT && key->kind != PICKLE_BYTES))
		return NULL;
	for (size_t i = 0; i < dict->list.count; i += 2) {
		const struct pickle_value *k = dict->list.items[i];

		if ((k->kind == PICKLE_TEXT || k->kind == PICKLE_BYTES) &&
		    k->bytes.len == key->bytes.len &&
		    memcmp(k->bytes.data, key->bytes.data, k->bytes.len) == 0)
			return dict->list.items[i + 1];
	}
	return NULL;
}

static struct pickle_value *dict_find(const struct pickle_value *dict,
				      const char *key)
{
	struct pickle_value k = { .kind = PICKLE_TEXT };

	k.bytes.data = key;
	k.bytes.len = strlen(key);
	return dict_get(dict, &k);
}

/* Copy the slices of one array behind each other; marks them as used. Checked
 * and counted first, so that the space is asked for once. */
static int join_values(struct flatten *f, const struct pickle_value *root,
		       const struct pickle_value *slices,
		       struct named_tensor *whole)
{
	struct pickle_value *part;
	unsigned char *to;
	size_t total = 0, at = 0;

	for (size_t i = 0; i < slices->list.count; i++) {
		part = dict_get(root, slices->list.items[i]);
		if (!part || part->kind != PICKLE_ARRAY || !part->built ||
		    part->joined || part->array.rank != 1 ||
		    (i && part->array.dtype != whole->dtype))
			return fail(f, "has a slice that is missing, used "
				       "twice or of another type");
		whole->dtype = part->array.dtype;
		part->joined = true;
		total += part->array.bytes;
	}
	to = pickle_copy_space(f->pickle, total);
	if (!to)
		return FL_EDATA;
	for (size_t i = 0; i < slices->list.count; i++) {
		part = dict_get(root, slices->list.items[i]);
		if (part->array.bytes)
			memcpy(to + at, part->array.data, part->array.bytes);
		at += part->array.bytes;
	}
	whole->data = to;
	whole->bytes = total;
	return 0;
}

/* {OriginShape: (..), slices: (name, ..)}: an array that protocol 2 had to cut
 * into flat pieces. */
static int join_one(struct flatten *f, const struct pickle_value *root,
		    const struct pickle_value *info)
{
	const struct pickle_value *shape = dict_find(info, "OriginShape");
	const struct pickle_value *slices = dict_find(info, "slices");
	struct named_tensor whole = { .name = fl_str_get(&f->name) };
	int rc;

	if (!shape || !slices || shape->list.count > CKPT_MAX_RANK ||
	    (shape->kind != PICKLE_TUPLE && shape->kind != PICKLE_LIST) ||
	    (slices->kind != PICKLE_TUPLE && slices->kind != PICKLE_LIST) ||
	    slices->list.count == 0)
		return fail(f, "has a table of slices that Paddle does not "
			       "write");
	whole.rank = (int)shape->list.count;
	for (int i = 0; i < whole.rank; i++) {
		if (shape->list.items[i]->kind != PICKLE_INT)
			return fail(f, "has a shape that is not of numbers");
		whole.dims[i] = shape->list.items[i]->integer;
	}
	/* Counted over all tensors: a table may name the
	 * same slices again and again. */
	f->visits += slices->list.count;
	if (f->visits > MAX_SLICES)
		return fail(f, "has too many slices");
	rc = join_values(f, root, slices, &whole);
	if (rc != 0)
		return rc;
	rc = tensor_file_add(f->file, &whole, f->err);
	return rc ? fl_context(f->err, "'%s'", f->pickle->what) : 0;
}

static int join_slices(struct flatten *f, const struct pickle_value *root)
{
	const struct pickle_value *table = dict_find(root, SLICE_TABLE);
	int rc = 0;

	if (!table)
		return 0;
	if (table->kind != PICKLE_DICT)
		return fail(f, "has a table of slices that is no dictionary");
	for (size_t i = 0; i < table->list.count && rc == 0; i += 2) {
		fl_str_clear(&f->name);
		rc = add_key(f, table->list.items[i]);
		if (rc == 0)
			rc = join_one(f, root, table->list.items[i + 1]);
	}
	/* add_items() begins at the root with an empty name and its
	 * own count. */
	fl_str_clear(&f->name);
	f->visits = 0;
	return rc;
}

int paddle_read(struct tensor_file *file, const unsigned char *data,
		size_t size, const char *what, struct fl_err *err)
{
	struct pickle p = { .data = data,
			    .size = size,
			    .what = what,
			    .arena = &file->arena,
			    .err = err };
	struct flatten f = { .file = file, .pickle = &p, .err = err };
	struct pickle_value *root = pickle_load(&p);
	int rc;

	if (!root)
		return FL_EDATA;
	if (root->kind != PICKLE_DICT)
		return fl_fail(err, FL_EDATA,
			       "'%s' holds %s where a "
			       "dictionary of tensors is due",
			       what, pickle_kind_name(root->kind));
	rc = join_slices(&f, root);
	if (rc == 0)
		rc = add_items(&f, root, 0);
	fl_str_release(&f.name);
	return rc;
}

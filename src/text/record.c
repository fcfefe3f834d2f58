/* record.c - the writer and the reader that follow a table of fields. Frames of
 * the launcher, trainers' lines, verdicts and ledger rows are made of them.
 * Both walk the rows in order; a PART is walked in the same object. Numbers are
 * widened to what JSON has and narrowed by a cast on the way back, for both
 * ends are of one build or of one version of the protocol. */
#include "text/record.h"

#include <stdio.h>
#include <string.h>

static void *member_of(void *base, size_t offset)
{
	return (char *)base + offset;
}

static const void *in(const void *base, size_t offset)
{
	return (const char *)base + offset;
}

/* A list stands in the struct, so its count is a member
 * of its own, which the row names. */
static struct json *write_ints(const struct field *f, const void *from)
{
	const int *list = in(from, f->offset);
	int n = *(const int *)in(from, f->count);
	struct json *array = json_new_array();

	for (int i = 0; i < n; i++)
		json_add(array, json_new_int(list[i]));
	return array;
}

/* from is the struct of the row, and the kind says what lies at its offset;
 * FIELD() in record.h takes both from one member. */
static void set_field(const struct field *f, const void *from, unsigned forms,
		      struct json *o)
{
	const void *at = in(from, f->offset);
	const struct json *document;
	const char *text;

	switch (f->kind) {
	case FIELD_BOOL:
		json_set_bool(o, f->key, *(const bool *)at);
		break;
	case FIELD_INT:
		json_set_int(o, f->key, *(const int *)at);
		break;
	case FIELD_LONG:
		json_set_int(o, f->key, *(const int64_t *)at);
		break;
	case FIELD_REAL:
		json_set_real(o, f->key, *(const double *)at);
		break;
	case FIELD_TEXT:
		text = *(const char *const *)at;
		json_set_text(o, f->key, text ? text : "");
		break;
	case FIELD_CHARS:
		json_set_text(o, f->key, at);
		break;
	case FIELD_INTS:
		json_set(o, f->key, write_ints(f, from));
		break;
	case FIELD_JSON:
		document = *(const struct json *const *)at;
		if (document)
			json_set(o, f->key, json_clone(document));
		break;
	case FIELD_PART:
		record_set(f->of, at, forms, o);
		break;
	}
}

void record_set(const struct record *r, const void *from, unsigned forms,
		struct json *o)
{
	for (int i = 0; i < r->count; i++)
		if (r->rows[i].forms == 0 || (r->rows[i].forms & forms))
			set_field(&r->rows[i], from, forms, o);
}

struct json *record_write(const struct record *r, const void *from,
			  unsigned forms)
{
	struct json *o = json_new_object();

	record_set(r, from, forms, o);
	return o;
}

/* A value in the list that is no number reads as 0. */
static void read_ints(const struct field *f, const struct json *list, void *to)
{
	int *out = member_of(to, f->offset), *count = member_of(to, f->count);
	size_t n = json_count(list);

	/* A list that does not fit counts as none, as a value of another kind
	 * does: half of it would be taken for the whole. */
	*count = n <= f->size / sizeof(*out) ? (int)n : 0;
	for (int i = 0; i < *count; i++) {
		int64_t v = 0;

		json_int(json_at(list, (size_t)i), &v);
		out[i] = (int)v;
	}
}

static void read_field(const struct field *f, const struct json *o, void *to)
{
	void *at = member_of(to, f->offset);

	switch (f->kind) {
	case FIELD_BOOL:
		*(bool *)at = json_bool_or(o, f->key, f->absent != 0);
		break;
	case FIELD_INT:
		*(int *)at = (int)json_int_or(o, f->key, (int64_t)f->absent);
		break;
	case FIELD_LONG:
		*(int64_t *)at = json_int_or(o, f->key, (int64_t)f->absent);
		break;
	case FIELD_REAL:
		*(double *)at = json_real_or(o, f->key, f->absent);
		break;
	case FIELD_TEXT:
		*(const char **)at = json_text_or(o, f->key, "");
		break;
	case FIELD_CHARS:
		snprintf(at, f->size, "%s", json_text_or(o, f->key, ""));
		break;
	case FIELD_INTS:
		read_ints(f, json_get(o, f->key), to);
		break;
	case FIELD_JSON:
		*(const struct json **)at = json_get(o, f->key);
		break;
	case FIELD_PART:
		break; /* read_rows() goes into it */
	}
}

/* A key of several forms does not tell which one this is. (More than one bit:
 * forms without its lowest is not 0.) */
static unsigned tells(unsigned forms)
{
	return forms & (forms - 1) ? 0 : forms;
}

/* any: set when a key of the rows is there. */
static unsigned read_rows(const struct record *r, const struct json *o,
			  void *to, bool *any)
{
	unsigned forms = 0;

	for (int i = 0; i < r->count; i++) {
		const struct field *f = &r->rows[i];
		bool there = false;

		if (f->kind == FIELD_PART) {
			forms |= read_rows(f->of, o, member_of(to, f->offset),
					   &there);
		} else {
			read_field(f, o, to);
			there = json_get(o, f->key) != NULL;
		}
		forms |= there ? tells(f->forms) : 0;
		*any |= there;
	}
	return forms;
}

unsigned record_read(const struct record *r, const struct json *o, void *to)
{
	bool any = false;

	/* Members without a row are zero then, never what
	 * the caller's stack held. */
	memset(to, 0, r->size);
	return read_rows(r, o, to, &any);
}

void record_keys(const struct record *r, struct fl_str *out)
{
	for (int i = 0; i < r->count; i++) {
		const struct field *f = &r->rows[i];

		if (i)
			fl_str_add(out, ", ");
		if (f->key)
			fl_str_addf(out, "`%s`", f->key);
		if (f->of && f->key)
			fl_str_add(out, " (");
		if (f->of)
			record_keys(f->of, out);
		if (f->of && f->key)
			fl_str_add(out, ")");
	}
}

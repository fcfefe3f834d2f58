/* The tree of JSON values: jansson under names of ours, which this file alone
 * includes.
 * Recipes' metadata, frames and summaries are read and built here; files of
 * annotations, which are large, go through json_pull.c. Printing is our own,
 * because numbers must read back bit for bit (text/number.h) and lines must be
 * the same in every version of the library. */
#include "text/json.h"

#include "base/arena.h"
#include "base/file.h"
#include "text/number.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

const char *json_library_version(void)
{
	return jansson_version_str();
}

/* A struct json is jansson's json_t under a name of ours. */
static json_t *in(const struct json *value)
{
	return (json_t *)(uintptr_t)value;
}

/* With text checked before, builders fail for want of memory alone. */
static struct json *out(json_t *value)
{
	FL_ASSERT(value);
	return (struct json *)(void *)value;
}

struct json *json_parse(const char *text, size_t len, const char *what,
			struct fl_err *err)
{
	json_error_t e;
	/* jansson bounds the depth of nesting at 2048, so a
	 * file cannot exhaust the stack. */
	json_t *v = json_loadb(text, len,
			       JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);

	if (!v)
		fl_fail(err, FL_EDATA, "%s: line %d, column %d: %s", what,
			e.line, e.column, e.text);
	return (struct json *)(void *)v;
}

/* A file that is cut short meanwhile has zeros, which are no JSON: the parser
 * says so, and fl_map_whole() need not. */
struct json *json_read(const char *path, struct fl_err *err)
{
	struct fl_map map;
	struct json *root;

	if (fl_map_open(&map, path, err) != 0)
		return NULL;
	root = json_parse((const char *)map.data, map.size, path, err);
	fl_map_close(&map);
	return root;
}

struct json *json_clone(const struct json *value)
{
	return value ? out(json_deep_copy(in(value))) : NULL;
}

void json_free(struct json *root)
{
	json_decref(in(root));
}

enum json_kind json_kind_of(const struct json *value)
{
	switch (json_typeof(in(value))) {
	case JSON_OBJECT:
		return JSON_KIND_OBJECT;
	case JSON_ARRAY:
		return JSON_KIND_ARRAY;
	case JSON_STRING:
		return JSON_KIND_TEXT;
	case JSON_INTEGER:
		return JSON_KIND_INT;
	case JSON_REAL:
		return JSON_KIND_REAL;
	case JSON_TRUE:
	case JSON_FALSE:
		return JSON_KIND_BOOL;
	case JSON_NULL:
		break;
	}
	return JSON_KIND_NULL;
}

/* What a person calls it, for sentences. */
static const char *kind_name(enum json_kind kind)
{
	static const char *const names[] = {
		[JSON_KIND_NULL] = "null",
		[JSON_KIND_BOOL] = "true or false",
		[JSON_KIND_INT] = "a whole number",
		[JSON_KIND_REAL] = "a number",
		[JSON_KIND_TEXT] = "a text",
		[JSON_KIND_ARRAY] = "an array",
		[JSON_KIND_OBJECT] = "an object",
	};

	return names[kind];
}

size_t json_count(const struct json *value)
{
	json_t *v = in(value);

	return json_is_array(v) ? json_array_size(v) : json_object_size(v);
}

struct json *json_at(const struct json *array, size_t i)
{
	return (struct json *)(void *)json_array_get(in(array), i);
}

struct json *json_get(const struct json *object, const char *key)
{
	return (struct json *)(void *)json_object_get(in(object), key);
}

void *json_first(const struct json *object)
{
	return json_object_iter(in(object));
}

void *json_next(const struct json *object, void *it)
{
	return json_object_iter_next(in(object), it);
}

const char *json_key(void *it)
{
	return json_object_iter_key(it);
}

struct json *json_value(void *it)
{
	return (struct json *)(void *)json_object_iter_value(it);
}

bool json_text(const struct json *value, const char **out_text)
{
	if (!json_is_string(in(value)))
		return false;
	*out_text = json_string_value(in(value));
	return true;
}

bool json_real_of(const struct json *value, double *out_real)
{
	if (!json_is_number(in(value)))
		return false;
	*out_real = json_number_value(in(value));
	return true;
}

/* Other programs write counts as 3.0: whole numbers of either kind
 * are taken. */
bool json_int(const struct json *value, int64_t *out_int)
{
	double real;

	if (json_is_integer(in(value))) {
		*out_int = json_integer_value(in(value));
		return true;
	}
	if (!json_is_real(in(value)))
		return false;
	real = json_real_value(in(value));
	/* 2^53: above it a double stands for several whole numbers.
	 * The form catches NaN as well. */
	if (!(fabs(real) < 9007199254740992.0) || real != trunc(real))
		return false;
	*out_int = (int64_t)real;
	return true;
}

bool json_bool(const struct json *value, bool *out_bool)
{
	if (!json_is_boolean(in(value)))
		return false;
	*out_bool = json_is_true(in(value));
	return true;
}

/* json_get takes NULL and what is no object, so callers walk into messages of
 * strangers without asking at each step. */
const char *json_text_or(const struct json *object, const char *key,
			 const char *absent)
{
	json_text(json_get(object, key), &absent);
	return absent;
}

double json_real_or(const struct json *object, const char *key, double absent)
{
	json_real_of(json_get(object, key), &absent);
	return absent;
}

int64_t json_int_or(const struct json *object, const char *key, int64_t absent)
{
	json_int(json_get(object, key), &absent);
	return absent;
}

bool json_bool_or(const struct json *object, const char *key, bool absent)
{
	json_bool(json_get(object, key), &absent);
	return absent;
}

int json_need_int(const struct json *object, const char *key, int64_t *out_int,
		  struct fl_err *err)
{
	const struct json *v = json_get(object, key);

	if (json_int(v, out_int))
		return 0;
	if (!v)
		return fl_fail(err, FL_EDATA, "'%s' is missing", key);
	return fl_fail(err, FL_EDATA, "'%s' is %s and must be %s", key,
		       kind_name(json_kind_of(v)), kind_name(JSON_KIND_INT));
}

struct json *json_new_object(void)
{
	return out(json_object());
}

struct json *json_new_array(void)
{
	return out(json_array());
}

/* A copy of text with wrong bytes replaced, since jansson refuses them: a
 * file's name may hold any bytes, and a report about it must not
 * fail for that. */
static char *clean(const char *text)
{
	char *copy = fl_strdup(text);

	for (char *p = copy; *p;) {
		size_t n = fl_utf8_len(p);

		if (n == 0)
			*p = '?';
		p += n ? n : 1;
	}
	return copy;
}

struct json *json_new_text(const char *text)
{
	char *copy = clean(text);
	struct json *v = out(json_string(copy));

	free(copy);
	return v;
}

/* A NaN that reached json_real would make the printed text no JSON. */
struct json *json_new_real(double value)
{
	return out(isfinite(value) ? json_real(value) : json_null());
}

struct json *json_new_int(int64_t value)
{
	return out(json_integer(value));
}

/* Two keys that differ in wrong bytes alone become one; the later
 * value stays. */
void json_set(struct json *object, const char *key, struct json *child)
{
	char *copy = clean(key);

	FL_ASSERT(json_is_object(in(object)));
	FL_ASSERT(json_object_set_new(in(object), copy, in(child)) == 0);
	free(copy);
}

void json_add(struct json *array, struct json *child)
{
	FL_ASSERT(json_array_append_new(in(array), in(child)) == 0);
}

void json_set_text(struct json *object, const char *key, const char *text)
{
	json_set(object, key, json_new_text(text));
}

void json_set_real(struct json *object, const char *key, double value)
{
	json_set(object, key, json_new_real(value));
}

void json_set_int(struct json *object, const char *key, int64_t value)
{
	json_set(object, key, json_new_int(value));
}

void json_set_bool(struct json *object, const char *key, bool value)
{
	json_set(object, key, out(json_boolean(value)));
}

void json_set_null(struct json *object, const char *key)
{
	json_set(object, key, out(json_null()));
}

/* UTF-8 stays as it is; quotes, backslashes and controls are escaped. */
static void print_text(const char *text, struct fl_str *s)
{
	fl_str_add(s, "\"");
	for (const char *p = text; *p;) {
		size_t plain = 0;

		while (p[plain] && p[plain] != '"' && p[plain] != '\\' &&
		       (unsigned char)p[plain] >= ' ')
			plain++;
		fl_str_addn(s, p, plain);
		p += plain;
		if (!*p)
			break;
		if (*p == '"' || *p == '\\')
			fl_str_addf(s, "\\%c", *p);
		else if (*p == '\n')
			fl_str_add(s, "\\n");
		else if (*p == '\t')
			fl_str_add(s, "\\t");
		else
			fl_str_addf(s, "\\u%04x", (unsigned)*p);
		p++;
	}
	fl_str_add(s, "\"");
}

static void print_real(double value, struct fl_str *s)
{
	char text[NUMBER_ROOM];

	fl_str_addn(s, text, number_print(value, text));
}

static void new_line(int indent, int depth, struct fl_str *s)
{
	if (indent > 0)
		fl_str_addf(s, "\n%*s", indent * depth, "");
}

static void print_value(const struct json *value, int indent, int depth,
			struct fl_str *s);

/* Keys in the order in which they were set, which jansson keeps: lines of
 * one kind can be compared as text. */
static void print_items(const struct json *value, int indent, int depth,
			struct fl_str *s)
{
	bool object = json_kind_of(value) == JSON_KIND_OBJECT;
	size_t n = json_count(value);
	void *it = json_first(value);

	fl_str_add(s, object ? "{" : "[");
	for (size_t i = 0; i < n; i++) {
		if (i)
			fl_str_add(s, indent == 0 ? ", " : ",");
		new_line(indent, depth + 1, s);
		if (object) {
			print_text(json_key(it), s);
			fl_str_add(s, indent == JSON_TIGHT ? ":" : ": ");
		}
		print_value(object ? json_value(it) : json_at(value, i), indent,
			    depth + 1, s);
		it = object ? json_next(value, it) : NULL;
	}
	if (n)
		new_line(indent, depth, s);
	fl_str_add(s, object ? "}" : "]");
}

static void print_value(const struct json *value, int indent, int depth,
			struct fl_str *s)
{
	switch (json_kind_of(value)) {
	case JSON_KIND_NULL:
		fl_str_add(s, "null");
		break;
	case JSON_KIND_BOOL:
		fl_str_add(s, json_is_true(in(value)) ? "true" : "false");
		break;
	case JSON_KIND_INT:
		fl_str_addf(s, "%lld",
			    (long long)json_integer_value(in(value)));
		break;
	case JSON_KIND_REAL:
		print_real(json_real_value(in(value)), s);
		break;
	case JSON_KIND_TEXT:
		print_text(json_string_value(in(value)), s);
		break;
	case JSON_KIND_ARRAY:
	case JSON_KIND_OBJECT:
		print_items(value, indent, depth, s);
		break;
	}
}

void json_print(const struct json *value, int indent, struct fl_str *s)
{
	print_value(value, indent, 0, s);
}

/* Through a temporary name (base/file.h), so that a reader never
 * sees a part. */
int json_write(const struct json *value, const char *path, struct fl_err *err)
{
	struct fl_str s = FL_STR_INIT;
	int rc;

	json_print(value, 2, &s);
	fl_str_add(&s, "\n");
	rc = fl_write_file(path, s.data, s.len, err);
	fl_str_release(&s);
	return rc;
}

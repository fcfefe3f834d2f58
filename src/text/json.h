/* json.h - small JSON documents: read, look into, build, print.
 *
 * Meant for state files, logs, headers and messages between programs. Files
 * of annotations are far larger and have their own streaming reader.
 *
 * A struct json is one value. Values reached from a document are borrowed and
 * live as long as its root. Roots come from json_parse, json_read and the
 * json_new_ functions and are freed by json_free, or handed to a parent by
 * json_set and json_add, which own them from then on.
 *
 * Keys keep their order. A document that names a key of one object twice, has
 * text that is not UTF-8 or holds a NUL character is refused.
 *
 * Threads: a document belongs to one thread at a time.
 */
#ifndef FL_TEXT_JSON_H
#define FL_TEXT_JSON_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct json; /* opaque */

enum json_kind {
	JSON_KIND_NULL,
	JSON_KIND_BOOL,
	JSON_KIND_INT,
	JSON_KIND_REAL,
	JSON_KIND_TEXT,
	JSON_KIND_ARRAY,
	JSON_KIND_OBJECT,
};

/* The value in text[0 .. len-1], or NULL with FL_EDATA and "what: line 3,
 * column 7: ..." in err. Any kind of value may stand at the top. */
struct json *json_parse(const char *text, size_t len, const char *what,
			struct fl_err *err);
/* The value in a file; NULL with FL_EIO or FL_EDATA. */
struct json *json_read(const char *path, struct fl_err *err);
/* The value and all below it once more, as a root of its own; NULL of NULL. */
struct json *json_clone(const struct json *value);
/* NULL is allowed. */
void json_free(struct json *root);

enum json_kind json_kind_of(const struct json *value);

/* Items of an array or members of an object; 0 for any other kind. */
size_t json_count(const struct json *value);
/* NULL when out of range, or no array. */
struct json *json_at(const struct json *array, size_t i);
/* NULL when absent, or no object. */
struct json *json_get(const struct json *object, const char *key);

/* Members of an object, in order:
 *     for (void *it = json_first(o); it; it = json_next(o, it))
 *             use(json_key(it), json_value(it)); */
void *json_first(const struct json *object);
void *json_next(const struct json *object, void *it);
const char *json_key(void *it);
struct json *json_value(void *it);

/* Read a value into *out; false, and *out untouched, when value is NULL or of
 * another kind. json_real_of takes integers too; json_int takes a real that is a
 * whole number below 2^53. Text is borrowed. Of json_bool others than tests want
 * json_bool_or. */
bool json_text(const struct json *value, const char **out);
bool json_real_of(const struct json *value, double *out);
bool json_int(const struct json *value, int64_t *out);
bool json_bool(const struct json *value, bool *out);

/* A member's value, or absent when it is missing or of another kind. */
const char *json_text_or(const struct json *object, const char *key,
			 const char *absent);
double json_real_or(const struct json *object, const char *key, double absent);
int64_t json_int_or(const struct json *object, const char *key, int64_t absent);
bool json_bool_or(const struct json *object, const char *key, bool absent);

/* A whole number that must be there: FL_EDATA and a sentence that names
 * the key and what stands there instead. */
int json_need_int(const struct json *object, const char *key, int64_t *out,
		  struct fl_err *err);

/* Building. Text that is not UTF-8 has its wrong bytes replaced by '?'; a real
 * that is infinite or not a number becomes null, as JSON has no word for it. */
struct json *json_new_object(void);
struct json *json_new_array(void);
struct json *json_new_text(const char *text);
struct json *json_new_real(double value);
struct json *json_new_int(int64_t value);

/* object[key] = child, or append to array; the parent owns child then. */
void json_set(struct json *object, const char *key, struct json *child);
void json_add(struct json *array, struct json *child);
void json_set_text(struct json *object, const char *key, const char *text);
void json_set_real(struct json *object, const char *key, double value);
void json_set_int(struct json *object, const char *key, int64_t value);
void json_set_bool(struct json *object, const char *key, bool value);
void json_set_null(struct json *object, const char *key);

/* Append the text of value to s: on lines indented by indent spaces a level, on
 * one line (indent 0), or on one without blanks (JSON_TIGHT). No newline at the
 * end. Reals have the fewest of 15 to 17 digits that read back with the same
 * bits. */
#define JSON_TIGHT (-1)
void json_print(const struct json *value, int indent, struct fl_str *s);
/* Write it, indented by 2 and with a newline, whole or not at all. */
int json_write(const struct json *value, const char *path, struct fl_err *err);

/* Of the library that runs, "2.14". */
const char *json_library_version(void);

#endif

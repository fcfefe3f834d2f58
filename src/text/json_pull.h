/* json_pull.h - JSON as a stream of tokens, for files too large for a tree.
 *
 * The reader walks once over bytes that the caller holds (a mapped file),
 * keeps a bounded stack of open containers and one reused buffer for strings
 * with escapes; nothing else is allocated. The grammar is RFC 8259's without
 * leniency (no comments, no trailing commas, no leading zeros, UTF-8 checked),
 * except that a byte order mark in front is passed over and Python's NaN,
 * Infinity and -Infinity are numbers that are not finite, so that whoever
 * reads annotations can say which one is bad. Half of a surrogate pair alone
 * (\ud800) becomes U+FFFD. Repeated keys are handed out as they stand.
 *
 * Usage:
 *     struct json_pull r;
 *     json_pull_init(&r, map.data, map.size, path, err);
 *     while ((t = json_pull_next(&r)) != JSON_END && t != JSON_BROKEN)
 *             ...
 *     json_pull_release(&r);
 *
 * Threads: a reader belongs to one thread.
 */
#ifndef FL_TEXT_JSON_PULL_H
#define FL_TEXT_JSON_PULL_H

#include "base/err.h"
#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum json_token {
	JSON_END,    /* after the one value of the document */
	JSON_OBJECT, /* { */
	JSON_OBJECT_END,
	JSON_ARRAY, /* [ */
	JSON_ARRAY_END,
	JSON_KEY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
	JSON_BROKEN /* the error is set, and stays */
};

/* Private: what may stand next. */
enum json_pull_state {
	JSON_PULL_WANT_VALUE,
	JSON_PULL_WANT_VALUE_OR_END, /* just behind [ */
	JSON_PULL_WANT_KEY_OR_END,   /* just behind { */
	JSON_PULL_AFTER_VALUE,
	JSON_PULL_DONE,
	JSON_PULL_BROKEN,
};

/* Deepest nesting of objects and arrays that is read. */
#define JSON_PULL_DEPTH 256

struct json_pull {
	/* of the last token */
	size_t start;	  /* offset of its first byte */
	const char *text; /* key or string, UTF-8, not terminated, valid until
			     the next call; may hold zero bytes (\u0000) */
	size_t len;
	double number;	  /* the double nearest to the text */
	bool is_integer;  /* no fraction, no exponent, within int64; then */
	int64_t integer;  /* this is exact */
	const char *what; /* name of the file, for errors */

	/* private */
	const unsigned char *data;
	size_t size, at;
	enum json_token token;
	struct fl_str buffer;
	struct fl_err *err;
	int depth;
	enum json_pull_state state;
	bool skipping;
	uint64_t in_object[JSON_PULL_DEPTH / 64];
};

/* data is borrowed; err is filled when a token is JSON_BROKEN: FL_EDATA and a
 * sentence like "'x.json': json broken at byte 17 (line 2): expected a value,
 * found ']'". JSON_END and JSON_BROKEN come again however often one asks. */
void json_pull_init(struct json_pull *r, const void *data, size_t size,
		    const char *what, struct fl_err *err);
void json_pull_release(struct json_pull *r);
enum json_token json_pull_next(struct json_pull *r);
/* The rest of the value whose first token was just read: up to the end of the
 * object or array, nothing for others. It is checked, but numbers and strings
 * are not converted. False: broken. */
bool json_pull_skip(struct json_pull *r, enum json_token first);
/* In the header, so that the length of a constant is one. */
static inline bool json_pull_is(const struct json_pull *r, const char *text)
{
	size_t n = strlen(text);

	return n == r->len && memcmp(r->text, text, n) == 0;
}
/* Goes on at another byte of the same text, in the innermost 'depth' of the containers
 * that are open now: behind a value of them, or where a value must stand. For readers
 * of parts of one long array; whether such a place is there the caller proves. */
void json_pull_go(struct json_pull *r, size_t at, int depth, bool behind_value);
/* For objects that are written alike: passes over a key, from behind the value before
 * it (or the '{') to behind its colon, where those very bytes stand there. They are to
 * be of a key that was read from such a place. False: nothing is read. */
static inline bool json_pull_key_again(struct json_pull *r, const char *bytes,
				       size_t len)
{
	if (r->size - r->at < len || memcmp(r->data + r->at, bytes, len) != 0)
		return false;
	r->at += len;
	r->state = JSON_PULL_WANT_VALUE;
	return true;
}
/* The bytes of the last token as they stand in the file. */
static inline const char *json_pull_raw(const struct json_pull *r, size_t *len)
{
	*len = r->at - r->start;
	return (const char *)r->data + r->start;
}
/* Offset of the last token, for messages about values that JSON allows. */
size_t json_pull_byte(const struct json_pull *r);
/* Line, from 1, of a byte; counts from the start of the file. */
size_t json_pull_line(const struct json_pull *r, size_t byte);

#endif

/* json_pull.h - JSON as a stream of tokens, for files too large for a tree.
 *
 * The reader walks over bytes that the caller holds (a mapped file), keeps a
 * bounded stack of open containers and one reused buffer for strings with
 * escapes; nothing else is allocated. Commas, colons and nesting are checked.
 * Python's NaN and Infinity are numbers here, marked as not finite, so that
 * whoever reads annotations can say which one is bad.
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

enum json_token {
	JSON_END,	 /* after the one value of the document */
	JSON_OBJECT,	 /* { */
	JSON_OBJECT_END,
	JSON_ARRAY,	 /* [ */
	JSON_ARRAY_END,
	JSON_KEY,
	JSON_STRING,
	JSON_NUMBER,
	JSON_TRUE,
	JSON_FALSE,
	JSON_NULL,
	JSON_BROKEN	 /* the error is set, and stays */
};

#define JSON_PULL_DEPTH 64

struct json_pull {
	const char *begin, *at, *end;
	char open[JSON_PULL_DEPTH]; /* '{' or '[' */
	int depth;
	bool started, after_value, after_key;
	struct fl_str buffer;
	struct fl_err *err;
	const char *what; /* name of the file, for errors */
	/* of the last token */
	const char *text; /* key or string, not terminated */
	size_t len;
	double number;
	bool is_integer; /* then integer is exact */
	int64_t integer;
};

/* data is borrowed; err is filled when a token is JSON_BROKEN (FL_EDATA, "json
 * of 'FILE' is broken at byte N, line L: ..."). */
void json_pull_init(struct json_pull *r, const void *data, size_t size,
		    const char *what, struct fl_err *err);
void json_pull_release(struct json_pull *r);
enum json_token json_pull_next(struct json_pull *r);
/* The rest of the value whose first token was just read. False: broken. */
bool json_pull_skip(struct json_pull *r, enum json_token first);
bool json_pull_is(const struct json_pull *r, const char *text);
/* Where the reader stands, for messages about values it accepts. */
size_t json_pull_byte(const struct json_pull *r);

#endif

#include "text/json_pull.h"

#include <ctype.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

void json_pull_init(struct json_pull *r, const void *data, size_t size,
		    const char *what, struct fl_err *err)
{
	*r = (struct json_pull){ .begin = data, .at = data,
				 .end = (const char *)data + size,
				 .what = what, .err = err };
	/* a byte order mark is no part of the document */
	if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
		r->at += 3;
}

void json_pull_release(struct json_pull *r)
{
	fl_str_release(&r->buffer);
}

size_t json_pull_byte(const struct json_pull *r)
{
	return (size_t)(r->at - r->begin);
}

static enum json_token broken(struct json_pull *r, const char *why)
{
	size_t line = 1;

	for (const char *p = r->begin; p < r->at; p++)
		line += *p == '\n';
	fl_fail(r->err, FL_EDATA,
		"json of '%s' is broken at byte %zu, line %zu: %s", r->what,
		json_pull_byte(r), line, why);
	r->end = r->at; /* every later call ends here too */
	r->depth = -1;
	return JSON_BROKEN;
}

static void skip_blanks(struct json_pull *r)
{
	while (r->at < r->end && (*r->at == ' ' || *r->at == '\n' ||
				  *r->at == '\t' || *r->at == '\r'))
		r->at++;
}

static int hex4(const char *p)
{
	int v = 0;

	for (int i = 0; i < 4; i++) {
		int c = tolower((unsigned char)p[i]);

		if (!isxdigit(c))
			return -1;
		v = v * 16 + (isdigit(c) ? c - '0' : c - 'a' + 10);
	}
	return v;
}

static void add_utf8(struct fl_str *s, unsigned c)
{
	char b[4];
	size_t n;

	if (c < 0x80) {
		b[0] = (char)c;
		n = 1;
	} else if (c < 0x800) {
		b[0] = (char)(0xC0 | c >> 6);
		b[1] = (char)(0x80 | (c & 63));
		n = 2;
	} else if (c < 0x10000) {
		b[0] = (char)(0xE0 | c >> 12);
		b[1] = (char)(0x80 | (c >> 6 & 63));
		b[2] = (char)(0x80 | (c & 63));
		n = 3;
	} else {
		b[0] = (char)(0xF0 | c >> 18);
		b[1] = (char)(0x80 | (c >> 12 & 63));
		b[2] = (char)(0x80 | (c >> 6 & 63));
		b[3] = (char)(0x80 | (c & 63));
		n = 4;
	}
	fl_str_addn(s, b, n);
}

/* The escape at r->at (behind the backslash) into the buffer. */
static bool read_escape(struct json_pull *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const char *p = r->at < r->end ? memchr(from, *r->at, 8) : NULL;
	int c, low;

	if (p) {
		fl_str_addn(&r->buffer, to + (p - from), 1);
		r->at++;
		return true;
	}
	if (r->end - r->at < 5 || *r->at != 'u' || (c = hex4(r->at + 1)) < 0)
		return false;
	r->at += 5;
	if (c >= 0xD800 && c < 0xDC00 && r->end - r->at >= 6 &&
	    r->at[0] == '\\' && r->at[1] == 'u' &&
	    (low = hex4(r->at + 2)) >= 0xDC00 && low < 0xE000) {
		c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
		r->at += 6;
	}
	add_utf8(&r->buffer, (unsigned)c);
	return true;
}

/* A string whose first quote was passed; text points into the file where it
 * has no escapes. */
static bool read_string(struct json_pull *r)
{
	const char *start = r->at;

	while (r->at < r->end && *r->at != '"' && *r->at != '\\' &&
	       (unsigned char)*r->at >= 0x20)
		r->at++;
	if (r->at < r->end && *r->at == '"') {
		r->text = start;
		r->len = (size_t)(r->at++ - start);
		return true;
	}
	fl_str_clear(&r->buffer);
	fl_str_addn(&r->buffer, start, (size_t)(r->at - start));
	while (r->at < r->end && *r->at != '"') {
		if ((unsigned char)*r->at < 0x20)
			break;
		if (*r->at != '\\') {
			fl_str_addn(&r->buffer, r->at++, 1);
			continue;
		}
		r->at++;
		if (!read_escape(r))
			break;
	}
	if (r->at >= r->end || *r->at != '"') {
		broken(r, r->at >= r->end ? "the file ends within a string" :
					    "a character that strings cannot hold");
		return false;
	}
	r->at++;
	r->text = fl_str_get(&r->buffer);
	r->len = r->buffer.len;
	return true;
}

static const double powers[] = { 1e0,  1e1,  1e2,  1e3,	 1e4,  1e5,
				 1e6,  1e7,  1e8,  1e9,	 1e10, 1e11,
				 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
				 1e18, 1e19, 1e20, 1e21, 1e22 };

/* Numbers longer than any annotation's, and exponents. */
static enum json_token slow_number(struct json_pull *r, const char *start,
				   const char *stop)
{
	char text[512];
	size_t n = (size_t)(stop - start);

	if (n >= sizeof(text))
		return broken(r, "a number of more than 500 characters");
	memcpy(text, start, n);
	text[n] = '\0';
	r->number = strtod(text, NULL);
	r->at = stop;
	return JSON_NUMBER;
}

/* Up to 19 digits and no exponent: the digits are exact in 64 bits, and where
 * they are below 2^53, one division by a power of ten rounds correctly. */
static enum json_token read_number(struct json_pull *r)
{
	const char *start = r->at, *p = start, *dot = NULL;
	uint64_t digits = 0;
	int count = 0, decimals = 0;
	bool minus = *p == '-', slow = false;

	p += minus;
	if (p >= r->end || !isdigit((unsigned char)*p))
		return broken(r, "a number without digits");
	for (; p < r->end; p++) {
		if (*p == '.' && !dot) {
			dot = p;
		} else if (isdigit((unsigned char)*p)) {
			digits = digits * 10 + (uint64_t)(*p - '0');
			decimals += dot != NULL;
			slow |= ++count > 18;
		} else if (*p == 'e' || *p == 'E' || *p == '+' || *p == '-') {
			slow = true;
		} else {
			break;
		}
	}
	r->is_integer = !dot && !slow;
	r->integer = minus ? -(int64_t)digits : (int64_t)digits;
	if (slow || decimals > 22 || digits >= (uint64_t)1 << 53) {
		if (r->is_integer) {
			r->number = (double)r->integer;
			r->at = p;
			return JSON_NUMBER;
		}
		return slow_number(r, start, p);
	}
	r->number = (double)digits / powers[decimals];
	if (minus)
		r->number = -r->number;
	r->at = p;
	return JSON_NUMBER;
}

static bool take_word(struct json_pull *r, const char *word)
{
	size_t n = strlen(word);

	if ((size_t)(r->end - r->at) < n || memcmp(r->at, word, n) != 0)
		return false;
	r->at += n;
	return true;
}

static enum json_token read_word(struct json_pull *r)
{
	r->is_integer = false;
	if (take_word(r, "true"))
		return JSON_TRUE;
	if (take_word(r, "false"))
		return JSON_FALSE;
	if (take_word(r, "null"))
		return JSON_NULL;
	r->number = NAN;
	if (take_word(r, "NaN"))
		return JSON_NUMBER;
	r->number = INFINITY;
	if (take_word(r, "Infinity"))
		return JSON_NUMBER;
	r->number = -INFINITY;
	if (take_word(r, "-Infinity"))
		return JSON_NUMBER;
	return broken(r, "expected a value");
}

static enum json_token open_container(struct json_pull *r, char kind)
{
	if (r->depth == JSON_PULL_DEPTH)
		return broken(r, "nested deeper than 64");
	r->open[r->depth++] = kind;
	r->at++;
	r->after_value = false;
	return kind == '{' ? JSON_OBJECT : JSON_ARRAY;
}

static enum json_token read_value(struct json_pull *r)
{
	enum json_token t;
	char c = *r->at;

	r->after_key = false;
	if (c == '{' || c == '[')
		return open_container(r, c);
	if (c == '"') {
		r->at++;
		t = read_string(r) ? JSON_STRING : JSON_BROKEN;
	} else if (isdigit((unsigned char)c) ||
		   (c == '-' && r->end - r->at > 1 && r->at[1] != 'I')) {
		t = read_number(r);
	} else {
		t = read_word(r);
	}
	r->after_value = true;
	return t;
}

static enum json_token read_key(struct json_pull *r)
{
	if (*r->at != '"')
		return broken(r, "expected a key in quotes");
	r->at++;
	if (!read_string(r))
		return JSON_BROKEN;
	skip_blanks(r);
	if (r->at >= r->end || *r->at != ':')
		return broken(r, "expected ':' after a key");
	r->at++;
	r->after_key = true;
	r->after_value = false;
	return JSON_KEY;
}

static enum json_token close_container(struct json_pull *r)
{
	char kind = r->open[--r->depth];

	r->at++;
	r->after_value = true;
	return kind == '{' ? JSON_OBJECT_END : JSON_ARRAY_END;
}

enum json_token json_pull_next(struct json_pull *r)
{
	char closing;

	if (r->depth < 0)
		return JSON_BROKEN;
	skip_blanks(r);
	if (r->depth == 0 && r->started) {
		if (r->at < r->end)
			return broken(r, "something follows the document");
		return JSON_END;
	}
	if (r->at >= r->end)
		return broken(r, "the file ends too early");
	r->started = true;
	if (r->depth == 0 || r->after_key)
		return read_value(r);
	closing = r->open[r->depth - 1] == '{' ? '}' : ']';
	if (*r->at == closing)
		return close_container(r);
	if (r->after_value) {
		if (*r->at != ',')
			return broken(r, closing == '}' ? "expected ',' or '}'" :
							  "expected ',' or ']'");
		r->at++;
		skip_blanks(r);
		if (r->at >= r->end)
			return broken(r, "the file ends too early");
	}
	return closing == '}' ? read_key(r) : read_value(r);
}

bool json_pull_skip(struct json_pull *r, enum json_token first)
{
	int until = r->depth;

	if (first == JSON_BROKEN)
		return false;
	if (first != JSON_OBJECT && first != JSON_ARRAY)
		return true;
	until--;
	while (r->depth > until)
		if (json_pull_next(r) == JSON_BROKEN)
			return false;
	return true;
}

bool json_pull_is(const struct json_pull *r, const char *text)
{
	return strlen(text) == r->len && memcmp(r->text, text, r->len) == 0;
}

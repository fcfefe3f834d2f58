/* json_pull.c - events of a JSON text one after another, without a tree: files
 * of annotations have millions of values. Read by the readers of annotations,
 * of detections and of labelme's files.
 * The caller asks for the next token; 'state' says what may stand there, and a
 * stack of bits whether an object or an array is open, so no depth of nesting
 * costs stack. Values that a caller skips are checked but not copied. Every
 * refusal names byte and line and what was expected; after the first one only
 * JSON_BROKEN comes. */
#include "text/json_pull.h"

#include "text/decimal.h"
#include "text/file_kind.h"
#include "text/utf8.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void json_pull_init(struct json_pull *r, const void *data, size_t size,
		    const char *what, struct fl_err *err)
{
	*r = (struct json_pull){
		.data = data, .size = size, .text = "", .what = what, .err = err
	};
	r->state = JSON_PULL_WANT_VALUE;
	/* Editors of Windows put the mark there; offsets and lines count it. */
	if (size >= 3 && memcmp(data, "\xEF\xBB\xBF", 3) == 0)
		r->at = 3;
}

void json_pull_release(struct json_pull *r)
{
	fl_str_release(&r->buffer);
	r->text = "";
	r->len = 0;
}

/* The byte at an offset, -1 behind the end: no byte of the range has it. */
static inline int peek(const struct json_pull *r, size_t at)
{
	return at < r->size ? r->data[at] : -1;
}

/* Lines are counted here and not while reading: only a
 * broken file pays for them. */
static enum json_token broken(struct json_pull *r, size_t at,
			      const char *expected)
{
	const char *kind = file_kind(r->data, r->size);
	char found[32] = "the end of the file";
	int c = peek(r, at);

	if (c >= 0x20 && c < 0x7F)
		snprintf(found, sizeof(found), "'%c'", c);
	else if (c >= 0)
		snprintf(found, sizeof(found), "byte 0x%02x", (unsigned)c);
	if (kind)
		fl_fail(r->err, FL_EDATA, "'%s' is %s", r->what, kind);
	else
		fl_fail(r->err, FL_EDATA,
			"'%s': json broken at byte %zu (line %zu): expected %s, "
			"found %s%s",
			r->what, at, json_pull_line(r, at), expected, found,
			file_slip(r->size, r->depth, c));
	r->start = at;
	r->state = JSON_PULL_BROKEN;
	r->token = JSON_BROKEN;
	return JSON_BROKEN;
}

static inline bool is_digit(int c)
{
	return c >= '0' && c <= '9';
}

static inline bool is_space(int c)
{
	return c == ' ' || c == '\n' || c == '\r' || c == '\t';
}

static inline int skip_space(struct json_pull *r)
{
	size_t at = r->at;
	int c = peek(r, at);

	if (c > ' ') /* the most of them */
		return c;
	while (is_space(c))
		c = peek(r, ++at);
	r->at = at;
	return c;
}

/* Strings */

/* The value of four hexadecimal digits, -1 where they are
 * not. c | 32 makes a letter small. */
static int hex4(const struct json_pull *r, size_t at)
{
	int value = 0;

	for (int i = 0; i < 4; i++) {
		int c = peek(r, at + (size_t)i);

		if (is_digit(c))
			value = value * 16 + c - '0';
		else if ((c | 32) >= 'a' && (c | 32) <= 'f')
			value = value * 16 + (c | 32) - 'a' + 10;
		else
			return -1;
	}
	return value;
}

static void put_utf8(struct json_pull *r, unsigned code)
{
	char bytes[4];

	if (!r->skipping)
		fl_str_addn(&r->buffer, bytes, utf8_put(bytes, code));
}

/* At the 'u' of an escape like \u00e4. False where its digits are broken. A
 * pair of surrogates is one character; half of one alone, which Python writes
 * for a file name in other bytes, becomes U+FFFD. */
static bool unicode_escape(struct json_pull *r)
{
	int high = hex4(r, r->at + 1), low;

	if (high < 0)
		return false;
	r->at += 5;
	if (high >= 0xD800 && high < 0xDC00 && peek(r, r->at) == '\\' &&
	    peek(r, r->at + 1) == 'u') {
		low = hex4(r, r->at + 2);
		if (low >= 0xDC00 && low < 0xE000) {
			r->at += 6;
			put_utf8(r, 0x10000u +
					    ((unsigned)high - 0xD800) * 0x400 +
					    ((unsigned)low - 0xDC00));
			return true;
		}
	}
	put_utf8(r, high >= 0xD800 && high < 0xE000 ? 0xFFFD : (unsigned)high);
	return true;
}

/* At the byte behind a backslash. False where it is no escape. */
static bool escape(struct json_pull *r)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	int c = peek(r, r->at);
	const char *p = c > 0 ? strchr(from, c) : NULL;

	if (c == 'u')
		return unicode_escape(r);
	if (!p)
		return false;
	put_utf8(r, (unsigned char)to[p - from]);
	r->at++;
	return true;
}

/* How many of eight bytes are plain, up to a control character, a quote, a
 * backslash or a byte beyond ASCII. A borrow marks bytes behind such a one only. */
static inline size_t plain_of_eight(const unsigned char *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	const uint64_t one = 0x0101010101010101u, top = 0x8080808080808080u;
	uint64_t v, quote, slash;

	memcpy(&v, p, 8);
	quote = v ^ one * '"';
	slash = v ^ one * '\\';
	v = (v | (v - one * 0x20) | (quote - one) | (slash - one)) & top;
	return v ? (size_t)__builtin_ctzll(v) / 8 : 8;
#else
	(void)p;
	return 0;
#endif
}

/* Passes over text without escapes up to a quote, a backslash or something that
 * strings cannot hold (the end is -1, so it counts as such); false where it is
 * not UTF-8. */
static bool skip_plain(struct json_pull *r)
{
	for (;;) {
		size_t n = 8;
		int c;

		while (n == 8 && r->size - r->at >= 8) {
			n = plain_of_eight(r->data + r->at);
			r->at += n;
		}
		n = 1;
		c = peek(r, r->at);

		if (c < 0x20 || c == '"' || c == '\\')
			return true;
		if (c >= 0x80)
			n = utf8_length((const char *)r->data + r->at,
					r->size - r->at);
		if (n == 0)
			return false;
		r->at += n;
	}
}

/* The rest of a string that holds an escape; the text before it is from 'from'
 * on. The string is put together in the buffer. */
static bool unescape(struct json_pull *r, size_t from)
{
	fl_str_clear(&r->buffer);
	while (peek(r, r->at) == '\\') {
		if (!r->skipping)
			fl_str_addn(&r->buffer, r->data + from, r->at - from);
		r->at++;
		if (!escape(r)) {
			broken(r, r->at, "an escape like \\n or \\u00e4");
			return false;
		}
		from = r->at;
		if (!skip_plain(r)) {
			broken(r, r->at, "UTF-8 text (save the file as UTF-8)");
			return false;
		}
	}
	if (!r->skipping)
		fl_str_addn(&r->buffer, r->data + from, r->at - from);
	r->text = fl_str_get(&r->buffer);
	r->len = r->buffer.len;
	return true;
}

/* At the byte behind the opening quote. The text is the file's own where
 * nothing in it is escaped. */
static enum json_token read_string(struct json_pull *r, enum json_token token)
{
	size_t from = r->at;
	int c;

	if (!skip_plain(r))
		return broken(r, r->at, "UTF-8 text (save the file as UTF-8)");
	r->text = (const char *)r->data + from;
	r->len = r->at - from;
	if (peek(r, r->at) == '\\' && !unescape(r, from))
		return JSON_BROKEN;
	c = peek(r, r->at);
	if (c != '"')
		return broken(r, r->at,
			      c < 0 ? "a closing quote"
				    : "text without control characters");
	r->at++;
	r->token = token;
	return token;
}

/* Numbers */

/* For numbers whose digits do not fit: rare in annotations. The program never
 * sets a locale, so strtod knows the point as '.'. */
static double by_strtod(struct json_pull *r)
{
	fl_str_clear(&r->buffer);
	fl_str_addn(&r->buffer, r->data + r->start, r->at - r->start);
	return strtod(fl_str_get(&r->buffer), NULL);
}

/* Digits from p on into *w; the byte behind them. w wraps beyond 19 digits, which
 * the caller finds by the count. */
static inline const unsigned char *
read_digits(const unsigned char *p, const unsigned char *end, uint64_t *w)
{
	uint64_t v = *w;

	while (p < end && is_digit(*p))
		v = v * 10 + (uint64_t)(*p++ - '0');
	*w = v;
	return p;
}

/* At the byte behind e or E. False where there are no digits. A large value
 * is held at a million: by_strtod() reads such a number from its text. */
static bool read_exponent(struct json_pull *r, int *exponent)
{
	int c = peek(r, r->at), value = 0;

	if (c == '+' || c == '-')
		r->at++;
	if (!is_digit(peek(r, r->at)))
		return false;
	for (; is_digit(peek(r, r->at)); r->at++)
		if (value < 1000000)
			value = value * 10 + peek(r, r->at) - '0';
	*exponent = c == '-' ? -value : value;
	return true;
}

/* w: all digits without the point; fraction: how many stood behind it. 19
 * digits are what 64 bits always hold. A fraction of more than 1000 digits has
 * more than 19, and the bound keeps the cast to int safe. */
static enum json_token convert(struct json_pull *r, bool negative, uint64_t w,
			       size_t digits, size_t fraction, int exponent,
			       bool integral)
{
	r->token = JSON_NUMBER;
	if (r->skipping)
		return JSON_NUMBER;
	if (fraction > 1000 || digits > 19 ||
	    !decimal_scale(w, exponent - (int)fraction, &r->number))
		r->number = by_strtod(r);
	else if (negative)
		r->number = -r->number;
	/* INT64_MIN is one further from zero than INT64_MAX. */
	r->is_integer =
		integral && digits <= 19 && w <= (uint64_t)INT64_MAX + negative;
	r->integer = 0;
	if (r->is_integer)
		r->integer = (int64_t)(negative ? 0 - w : w);
	return JSON_NUMBER;
}

/* NaN, Infinity, true, ... at r->at; false if this word does not stand there
 * or goes on. */
static bool read_word(struct json_pull *r, const char *word)
{
	size_t n = strlen(word);
	int c;

	if (r->size - r->at < n || memcmp(r->data + r->at, word, n) != 0)
		return false;
	c = peek(r, r->at + n);
	if (is_digit(c) || c == '_' || ((c | 32) >= 'a' && (c | 32) <= 'z'))
		return false;
	r->at += n;
	return true;
}

/* Python's json writes these words, and so do tools built on it; whoever takes
 * the value decides what to say of it. */
static enum json_token not_finite(struct json_pull *r, double value)
{
	r->number = value;
	r->integer = 0;
	r->is_integer = false;
	r->token = JSON_NUMBER;
	return JSON_NUMBER;
}

static enum json_token read_number(struct json_pull *r)
{
	const unsigned char *end = r->data + r->size, *p = r->data + r->at;
	const unsigned char *first;
	bool negative = *p == '-', integral = true;
	size_t digits, fraction = 0;
	uint64_t w = 0;
	int exponent = 0;

	if (negative) {
		r->at++;
		if (read_word(r, "Infinity"))
			return not_finite(r, -INFINITY);
		p++;
	}
	first = p;
	p = read_digits(p, end, &w);
	digits = (size_t)(p - first);
	r->at = (size_t)(p - r->data);
	if (digits == 0)
		return broken(r, r->at, "a digit");
	if (digits > 1 && *first == '0')
		return broken(r, (size_t)(first - r->data),
			      "a number without leading zeros");
	if (p < end && *p == '.') {
		first = p + 1;
		p = read_digits(first, end, &w);
		fraction = (size_t)(p - first);
		r->at = (size_t)(p - r->data);
		if (fraction == 0)
			return broken(r, r->at, "a digit behind the point");
		digits += fraction;
		integral = false;
	}
	if (p < end && (*p | 32) == 'e') {
		r->at++;
		if (!read_exponent(r, &exponent))
			return broken(r, r->at, "a digit of the exponent");
		integral = false;
	}
	return convert(r, negative, w, digits, fraction, exponent, integral);
}

/* Structure */

/* One bit for each level, 64 in a word. */
static inline bool inside_object(const struct json_pull *r)
{
	int d = r->depth - 1;

	return r->in_object[d / 64] >> d % 64 & 1;
}

static enum json_token open_nest(struct json_pull *r, bool object)
{
	int d = r->depth;

	if (d == JSON_PULL_DEPTH)
		return broken(r, r->at, "at most 256 levels of nesting");
	/* A deeper level that was closed may have left its bit. */
	r->in_object[d / 64] &= ~(1ull << d % 64);
	r->in_object[d / 64] |= (uint64_t)object << d % 64;
	r->depth++;
	r->at++;
	r->state = object ? JSON_PULL_WANT_KEY_OR_END
			  : JSON_PULL_WANT_VALUE_OR_END;
	r->token = object ? JSON_OBJECT : JSON_ARRAY;
	return r->token;
}

static enum json_token close_nest(struct json_pull *r, enum json_token token)
{
	r->at++;
	r->depth--;
	r->state = JSON_PULL_AFTER_VALUE;
	r->token = token;
	return token;
}

static enum json_token read_literal(struct json_pull *r, const char *expected)
{
	static const struct {
		const char *word;
		enum json_token token;
	} words[] = {
		{ "true", JSON_TRUE },
		{ "false", JSON_FALSE },
		{ "null", JSON_NULL },
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		if (read_word(r, words[i].word)) {
			r->token = words[i].token;
			return r->token;
		}
	if (read_word(r, "NaN"))
		return not_finite(r, NAN);
	if (read_word(r, "Infinity"))
		return not_finite(r, INFINITY);
	return broken(r, r->at, expected);
}

static enum json_token read_value(struct json_pull *r, int c,
				  const char *expected)
{
	if (c == '{' || c == '[')
		return open_nest(r, c == '{');
	r->state = JSON_PULL_AFTER_VALUE;
	if (c == '-' || is_digit(c))
		return read_number(r);
	if (c == '"') {
		r->at++;
		return read_string(r, JSON_STRING);
	}
	return read_literal(r, expected);
}

static enum json_token read_key(struct json_pull *r, int c,
				const char *expected)
{
	if (c != '"')
		return broken(r, r->at, expected);
	r->at++;
	if (read_string(r, JSON_KEY) == JSON_BROKEN)
		return JSON_BROKEN;
	if (skip_space(r) != ':')
		return broken(r, r->at, "':' behind the key");
	r->at++;
	r->state = JSON_PULL_WANT_VALUE;
	return JSON_KEY;
}

/* A comma is no token of its own: what follows it is read at once,
 * so "[1,]" is broken at its end. */
static enum json_token after_value(struct json_pull *r, int c)
{
	bool object;

	if (r->depth == 0) {
		if (c >= 0)
			return broken(r, r->at, "the end of the file");
		r->state = JSON_PULL_DONE;
		r->token = JSON_END;
		return JSON_END;
	}
	object = inside_object(r);
	if (c == (object ? '}' : ']'))
		return close_nest(r, object ? JSON_OBJECT_END : JSON_ARRAY_END);
	if (c != ',')
		return broken(r, r->at, object ? "',' or '}'" : "',' or ']'");
	r->at++;
	c = skip_space(r);
	r->start = r->at;
	if (object)
		return read_key(r, c, "a key in quotes");
	return read_value(r, c, "a value");
}

/* start is set before anything is read, so json_pull_byte()
 * tells of a broken token as well. */
enum json_token json_pull_next(struct json_pull *r)
{
	int c = skip_space(r);

	r->start = r->at;
	switch (r->state) {
	case JSON_PULL_AFTER_VALUE:
		return after_value(r, c);
	case JSON_PULL_WANT_VALUE:
		return read_value(r, c, "a value");
	case JSON_PULL_WANT_VALUE_OR_END:
		if (c == ']')
			return close_nest(r, JSON_ARRAY_END);
		return read_value(r, c, "a value or ']'");
	case JSON_PULL_WANT_KEY_OR_END:
		if (c == '}')
			return close_nest(r, JSON_OBJECT_END);
		return read_key(r, c, "a key in quotes or '}'");
	case JSON_PULL_DONE:
	case JSON_PULL_BROKEN:
		break;
	}
	return r->token;
}

bool json_pull_skip(struct json_pull *r, enum json_token first)
{
	/* The first token of a container has raised the depth already. */
	int depth = r->depth - 1;

	if (first != JSON_OBJECT && first != JSON_ARRAY)
		return first != JSON_BROKEN;
	r->skipping = true;
	while (r->depth > depth && json_pull_next(r) != JSON_BROKEN)
		;
	r->skipping = false;
	return r->token != JSON_BROKEN;
}

void json_pull_go(struct json_pull *r, size_t at, int depth, bool behind_value)
{
	FL_ASSERT(depth <= r->depth);
	r->at = r->start = at;
	r->depth = depth;
	r->state = behind_value ? JSON_PULL_AFTER_VALUE : JSON_PULL_WANT_VALUE;
}

size_t json_pull_byte(const struct json_pull *r)
{
	return r->start;
}

size_t json_pull_line(const struct json_pull *r, size_t byte)
{
	const unsigned char *p = r->data, *end = p;
	size_t line = 1;

	end += byte < r->size ? byte : r->size;
	while (p < end && (p = memchr(p, '\n', (size_t)(end - p)))) {
		line++;
		p++;
	}
	return line;
}

/* pickle_literal.c - opcodes that push a number, a text or bytes, of all
 * protocols: digits on a line in the oldest, binary in newer ones.
 * pickle.c's table calls them. Integers end at 64 bits and lines of digits at
 * 18: sizes and counters of weights need no more. */
#include "ckpt/pickle.h"

#include "text/utf8.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static int push_integer(struct pickle *p, enum pickle_kind kind, int64_t i)
{
	struct pickle_value *v = pickle_new(p, kind);

	v->integer = i;
	return pickle_push(p, v);
}

int pickle_op_bool(struct pickle *p, int value)
{
	return push_integer(p, PICKLE_BOOL, value);
}

/* width 4 has a sign, the others have none */
int pickle_op_int(struct pickle *p, int width)
{
	uint64_t u;

	if (pickle_take_number(p, width, &u) != 0)
		return FL_EDATA;
	return push_integer(p, PICKLE_INT,
			    width == 4 ? (int32_t)(uint32_t)u : (int64_t)u);
}

int pickle_op_long(struct pickle *p, int width)
{
	const unsigned char *b;
	uint64_t n, value;

	if (pickle_take_number(p, width, &n) != 0)
		return FL_EDATA;
	if (n > 8)
		return pickle_fail(p,
				   "an integer of %" PRIu64 " bytes is too "
				   "large",
				   n);
	b = pickle_take(p, n);
	if (!b)
		return FL_EDATA;
	/* Two's complement, the lowest byte first; the sign fills what is not
	 * written. No bytes at all are 0. */
	value = n && b[n - 1] & 0x80 ? UINT64_MAX : 0;
	while (n > 0)
		value = value << 8 | b[--n];
	return push_integer(p, PICKLE_INT, (int64_t)value);
}

/* Decimal digits on a line: "I42", "L42L", and "I01" for true. */
int pickle_op_decimal(struct pickle *p, int is_long)
{
	size_t len;
	const char *line = pickle_take_line(p, &len);
	char text[PICKLE_SHOWN], *end;
	long long value;

	if (!line)
		return FL_EDATA;
	if (!is_long && len == 2 && line[0] == '0' &&
	    (line[1] == '0' || line[1] == '1'))
		return push_integer(p, PICKLE_BOOL, line[1] == '1');
	if (is_long && len && line[len - 1] == 'L')
		len--;
	/* 18 digits and a sign fit 64 bits whatever they
	 * are, so strtoll cannot overflow. */
	if (len == 0 || len > 18)
		return pickle_fail(p,
				   "an integer of %zu digits is not "
				   "possible here",
				   len);
	memcpy(text, line, len);
	text[len] = '\0';
	value = strtoll(text, &end, 10);
	if (*end)
		return pickle_fail(p, "'%s' is no integer",
				   pickle_show(line, len, text));
	return push_integer(p, PICKLE_INT, value);
}

int pickle_op_real(struct pickle *p, int unused)
{
	const unsigned char *b = pickle_take(p, 8);
	struct pickle_value *v;
	uint64_t bits = 0;

	(void)unused;
	if (!b)
		return FL_EDATA;
	/* Big-endian, alone among the numbers of a pickle. */
	for (int i = 0; i < 8; i++)
		bits = bits << 8 | b[i];
	v = pickle_new(p, PICKLE_REAL);
	memcpy(&v->real, &bits, sizeof(bits));
	return pickle_push(p, v);
}

/* "F0.5", as protocol 0 writes */
int pickle_op_decimal_real(struct pickle *p, int unused)
{
	size_t len;
	const char *line = pickle_take_line(p, &len);
	char text[PICKLE_SHOWN], *end;
	struct pickle_value *v;

	(void)unused;
	if (!line)
		return FL_EDATA;
	if (len == 0 || len >= sizeof(text))
		return pickle_fail(p, "a number of %zu digits", len);
	memcpy(text, line, len);
	text[len] = '\0';
	v = pickle_new(p, PICKLE_REAL);
	v->real = strtod(text, &end);
	if (*end)
		return pickle_fail(p, "'%s' is no number",
				   pickle_show(line, len, text));
	return pickle_push(p, v);
}

static int hex_of(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* The text of a line as protocol 0 writes it: characters below 256 are one
 * byte each, the others (and a few) \u and four digits. */
int pickle_op_line(struct pickle *p, int unused)
{
	size_t len, n = 0;
	const char *line = pickle_take_line(p, &len);
	struct pickle_value *v;
	char *to;

	(void)unused;
	/* A byte above 127 becomes two; an escape of six becomes at
	 * most three. */
	to = line ? pickle_copy_space(p, 2 * len) : NULL;
	if (!to)
		return FL_EDATA;
	for (size_t i = 0; i < len; i++) {
		unsigned c = (unsigned char)line[i];
		/* An escape with wrong digits stays the text that it
		 * is; Python would refuse it. */
		bool code = c == '\\' && i + 5 < len && line[i + 1] == 'u';

		for (size_t k = 2, all = 0; code && k < 6; k++) {
			int digit = hex_of(line[i + k]);

			code = digit >= 0;
			all = all << 4 | (size_t)(digit & 15);
			c = k == 5 && code ? (unsigned)all : c;
		}
		/* Half of a pair of surrogates is no UTF-8; whoever takes the
		 * text as a name refuses it. */
		n += utf8_put(to + n, c);
		i += code ? 5 : 0;
	}
	v = pickle_new(p, PICKLE_TEXT);
	v->bytes.data = to;
	v->bytes.len = n;
	return pickle_push(p, v);
}

/* Into the file, not copied: values of arrays are most of it. */
static int push_bytes(struct pickle *p, enum pickle_kind kind, int width)
{
	struct pickle_value *v;
	const unsigned char *b;
	uint64_t n;

	if (pickle_take_number(p, width, &n) != 0)
		return FL_EDATA;
	b = pickle_take(p, n);
	if (!b)
		return FL_EDATA;
	v = pickle_new(p, kind);
	v->bytes.data = (const char *)b;
	v->bytes.len = (size_t)n;
	return pickle_push(p, v);
}

int pickle_op_text(struct pickle *p, int width)
{
	return push_bytes(p, PICKLE_TEXT, width);
}

int pickle_op_bytes(struct pickle *p, int width)
{
	return push_bytes(p, PICKLE_BYTES, width);
}

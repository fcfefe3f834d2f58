/* utf8.c - checks of texts that people saved with any editor.
 *
 * Called by the readers of recipes, label lists and VOC annotations; of JSON's
 * readers the streaming one takes utf8_length() alone, and jansson checks by
 * itself. A zero byte counts as wrong: no text has one, but every other byte of
 * an English text in UTF-16 is one.
 */
#include "text/utf8.h"

#include "base/str.h"
#include "text/file_kind.h"

#include <string.h>

#define LONGEST 4 /* bytes of a character */

size_t utf8_mark(const char *text, size_t len)
{
	return len >= 3 && memcmp(text, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

bool utf16_mark(const char *text, size_t len)
{
	return len >= 2 && (memcmp(text, "\xFF\xFE", 2) == 0 ||
			    memcmp(text, "\xFE\xFF", 2) == 0);
}

size_t utf8_length(const char *text, size_t left)
{
	/* The last characters are read from a copy that ends with zero, for a
	 * mapped file has no end mark. */
	char last[LONGEST + 1] = { 0 };

	if (left >= LONGEST)
		return fl_utf8_len(text);
	memcpy(last, text, left);
	return fl_utf8_len(last);
}

size_t utf8_end(const char *text, size_t len)
{
	size_t at = 0;

	while (at < len) {
		size_t n = utf8_length(text + at, len - at);

		if (n == 0 || text[at] == 0)
			break;
		at += n;
	}
	return at;
}

size_t utf8_put(char *to, unsigned code)
{
	size_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;

	for (size_t i = n - 1; i > 0; i--, code >>= 6)
		to[i] = (char)(0x80 | (code & 0x3F));
	/* 0xF00 >> n leaves n ones in front: 0xC0, 0xE0, 0xF0. */
	to[0] = (char)(n == 1 ? code : (0xF00u >> n & 0xFF) | code);
	return n;
}

int utf8_line(const char *text, size_t len, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset && i < len; i++)
		line += text[i] == '\n' ||
			(text[i] == '\r' &&
			 !(i + 1 < len && text[i + 1] == '\n'));
	return line;
}

int utf8_fail(const char *text, size_t len, size_t offset, const char *what,
	      int code, struct fl_err *err)
{
	const char *kind = file_kind(text, len);

	if (kind)
		return fl_fail(err, code, "%s:1: the file is %s", what, kind);
	return fl_fail(err, code,
		       "%s:%d: byte 0x%02x is not UTF-8: save it as UTF-8",
		       what, utf8_line(text, len, offset),
		       (unsigned)(unsigned char)text[offset]);
}

int utf8_check(const char *text, size_t len, const char *what,
	       struct fl_err *err)
{
	size_t end = utf8_end(text, len);

	return end == len ? 0 : utf8_fail(text, len, end, what, FL_EDATA, err);
}

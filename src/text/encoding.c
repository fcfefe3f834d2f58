/* encoding.c - XML in other encodings than UTF-8, by the C library's iconv.
 *
 * Called by the XML reader. What the first line names counts, for so it does
 * for every XML parser; but a file that names GBK and was saved as UTF-8 later
 * (editors leave that line alone) is UTF-8 where its bytes are no GBK. */
#include "text/encoding.h"

#include "text/utf8.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdint.h>
#include <string.h>
#include <strings.h>

#define LONGEST_NAME 40 /* of an encoding */
#define MOST_GROWTH 4	/* bytes of UTF-8 for one of any other encoding */

/* What the first line names; "UTF-8" where it names nothing. */
static void named(const char *text, size_t size, char name[LONGEST_NAME])
{
	const char *end = memchr(text, '>', size), *key, *at;
	size_t n = 0;

	strcpy(name, "UTF-8");
	key = end ? memmem(text, (size_t)(end - text), "encoding", 8) : NULL;
	if (!key)
		return;
	for (at = key + 8; at < end && strchr(" \t\r\n=\"'", *at); at++)
		;
	/* No slash among them: iconv takes "//TRANSLIT" behind a
	 * name and then guesses letters. */
	while (at + n < end && n + 1 < LONGEST_NAME &&
	       (isalnum((unsigned char)at[n]) || strchr("-_.:", at[n])))
		n++;
	memcpy(name, at, n);
	name[n] = '\0';
}

/* One call without a state kept for later: the whole text is there. Where it
 * fails, *size is the offset of the byte. */
static int convert(iconv_t from, const char *text, size_t *size,
		   struct fl_arena *arena, const char **out, size_t *length)
{
	size_t left = *size, room = MOST_GROWTH * left;
	char *to = fl_arena_alloc(arena, room + 1),
	     *in = (char *)(uintptr_t)text;

	*out = to;
	if (iconv(from, &in, &left, &to, &room) == (size_t)-1) {
		*size -= left;
		return -1;
	}
	*to = '\0';
	*length = (size_t)(to - *out);
	return 0;
}

int encoding_to_utf8(const char **text, size_t *size, const char *what,
		     struct fl_arena *arena, struct fl_err *err)
{
	char name[LONGEST_NAME] = "UTF-16";
	size_t at = *size, length;
	const char *out;
	iconv_t from;
	int rc;

	/* The two bytes of a mark decide: a name in UTF-16 cannot be
	 * read before the text is decoded. */
	if (!utf16_mark(*text, *size))
		named(*text, *size, name);
	if (strcasecmp(name, "UTF-8") == 0)
		return utf8_check(*text, *size, what, err);
	from = iconv_open("UTF-8", name);
	rc = from == (iconv_t)-1
		     ? -1
		     : convert(from, *text, &at, arena, &out, &length);
	if (from != (iconv_t)-1)
		iconv_close(from);
	if (rc == 0) {
		*text = out;
		*size = length;
		return 0;
	}
	/* Saved as UTF-8 since, or named by a word that iconv does not
	 * know: the bytes are what counts. */
	if (utf8_end(*text, *size) == *size)
		return 0;
	if (from == (iconv_t)-1)
		return fl_fail(
			err, FL_EDATA,
			"%s:1: nobody here knows the encoding '%s': save it as UTF-8",
			what, name);
	return fl_fail(
		err, FL_EDATA,
		"%s:%d: byte 0x%02x is neither %s, as the first line says, nor UTF-8: save it as UTF-8",
		what, utf8_line(*text, *size, at),
		at < *size ? (unsigned)(unsigned char)(*text)[at] : 0, name);
}

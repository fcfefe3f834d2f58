/* password.c - reading a header that anybody may send.
 *
 * Digests are compared, in a time that is the same whatever differs, so that no
 * guess learns how many of its letters were right. */
#include "watch/password.h"

#include "base/digest.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define MOST 1024 /* bytes of a name and a password */

static bool same(const void *text, size_t size, const char *token)
{
	unsigned char a[FL_DIGEST_BYTES], b[FL_DIGEST_BYTES];

	fl_digest_of(text, size, a);
	fl_digest_of(token, strlen(token), b);
	return fl_digest_equal(a, b, sizeof(a));
}

static int value_of(char c)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *at = c ? strchr(letters, c) : NULL;

	return at ? (int)(at - letters) : -1;
}

/* Returns the number of bytes, up to the first letter that is none of Base64. */
static size_t decode(const char *text, char out[MOST])
{
	unsigned bits = 0;
	int have = 0;
	size_t n = 0;

	for (; value_of(*text) >= 0 && n < MOST; text++) {
		bits = bits << 6 | (unsigned)value_of(*text);
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		out[n++] = (char)(bits >> have & 0xff);
	}
	return n;
}

bool password_fits(const char *header, const char *token)
{
	char pair[MOST];
	const char *colon;
	size_t n;

	if (!header)
		return false;
	if (strncasecmp(header, "Bearer ", 7) == 0)
		return same(header + 7, strlen(header + 7), token);
	if (strncasecmp(header, "Basic ", 6) != 0)
		return false;
	n = decode(header + 6, pair);
	colon = memchr(pair, ':', n);
	return colon && same(colon + 1, n - (size_t)(colon + 1 - pair), token);
}

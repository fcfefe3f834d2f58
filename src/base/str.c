/* Growing strings, UTF-8 by the byte, and the nearest name.
 * fl_nearest answers "did you mean": a third of the word's letters, and one
 * more, may be wrong, which takes "batch_sise" for "batch_size" and leaves short
 * words alone. 64 characters bound the rows of the edit distance, which lie on
 * the stack. */
#include "base/str.h"

#include "base/arena.h"
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void reserve(struct fl_str *s, size_t more)
{
	/* One byte for the end; doubling keeps many small additions linear. */
	size_t need = s->len + more + 1;

	if (need <= s->cap)
		return;
	s->cap = need < 2 * s->cap ? 2 * s->cap : need;
	s->data = fl_realloc(s->data, s->cap);
}

void fl_str_addn(struct fl_str *s, const void *bytes, size_t len)
{
	reserve(s, len);
	memcpy(s->data + s->len, bytes, len);
	s->len += len;
	s->data[s->len] = '\0';
}

void fl_str_add(struct fl_str *s, const char *text)
{
	fl_str_addn(s, text, strlen(text));
}

void fl_str_addf(struct fl_str *s, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	FL_ASSERT(n >= 0);
	reserve(s, (size_t)n);
	vsnprintf(s->data + s->len, (size_t)n + 1, fmt, again);
	s->len += (size_t)n;
	va_end(again);
	va_end(ap);
}

const char *fl_str_get(const struct fl_str *s)
{
	return s->data ? s->data : "";
}

void fl_str_clear(struct fl_str *s)
{
	s->len = 0;
	if (s->data)
		s->data[0] = '\0';
}

void fl_str_release(struct fl_str *s)
{
	free(s->data);
	*s = (struct fl_str)FL_STR_INIT;
}

uint64_t fl_hash(const char *text)
{
	/* FNV-1a's offset and prime for 64 bits (Fowler, Noll, Vo). */
	uint64_t h = 0xcbf29ce484222325u;

	for (; *text; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3u;
	return h;
}

size_t fl_first_not_before(const char *const *sorted, size_t count,
			   const char *text)
{
	size_t lo = 0, hi = count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (strcmp(sorted[mid], text) < 0)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const char *fl_plural(long long n, const char *one, const char *many)
{
	return n == 1 ? one : many;
}

void fl_str_add_count(struct fl_str *s, long long n, const char *text)
{
	fl_str_addf(s, "%lld ", n);
	for (const char *open; (open = strchr(text, '{')) != NULL;) {
		const char *bar = strchr(open, '|'), *end = strchr(open, '}');

		FL_ASSERT(bar && end && bar < end);
		fl_str_addn(s, text, (size_t)(open - text));
		if (n == 1)
			fl_str_addn(s, open + 1, (size_t)(bar - open - 1));
		else
			fl_str_addn(s, bar + 1, (size_t)(end - bar - 1));
		text = end + 1;
	}
	fl_str_add(s, text);
}

bool fl_starts_with(const char *text, const char *prefix)
{
	return strncmp(text, prefix, strlen(prefix)) == 0;
}

bool fl_ends_with(const char *text, const char *suffix)
{
	size_t n = strlen(text), m = strlen(suffix);

	return n >= m && memcmp(text + n - m, suffix, m) == 0;
}

/* As Unicode's table 3-7 wants it: 0xc0, 0xc1 and forms that are longer
 * than needed, halves of surrogate pairs and what lies above 0x10ffff
 * are no characters. Overlong forms matter: they smuggle a slash or a
 * quote past whoever looks at bytes. */
size_t fl_utf8_len(const char *text)
{
	const unsigned char *p = (const unsigned char *)text;
	static const unsigned least[5] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t n = p[0] < 0x80	 ? 1
		   : p[0] < 0xc2 ? 0
		   : p[0] < 0xe0 ? 2
		   : p[0] < 0xf0 ? 3
		   : p[0] < 0xf5 ? 4
				 : 0;
	unsigned code = n > 1 ? p[0] & (0x7fu >> n) : p[0];

	for (size_t i = 1; i < n; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (p[i] & 0x3f);
	}
	if (n == 0 || code < least[n] || code > 0x10ffff ||
	    (code >= 0xd800 && code < 0xe000))
		return 0;
	return n;
}

#define MAX_WORD 64

static int min3(int a, int b, int c)
{
	int m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, changes, and two letters that changed places
 * ("lera_rning"), each one edit: Damerau and Levenshtein's distance,
 * restricted so that no pair is edited twice. Three rows are enough, the
 * third for the letter before last. */
static int edit_distance(const char *a, const char *b)
{
	int rows[3][MAX_WORD + 1];
	int n = (int)strnlen(a, MAX_WORD), m = (int)strnlen(b, MAX_WORD);

	for (int j = 0; j <= m; j++)
		rows[0][j] = j;
	for (int i = 1; i <= n; i++) {
		int *now = rows[i % 3], *up = rows[(i + 2) % 3];
		const int *up2 = rows[(i + 1) % 3];

		now[0] = i;
		for (int j = 1; j <= m; j++) {
			now[j] = min3(up[j] + 1, now[j - 1] + 1,
				      up[j - 1] + (a[i - 1] != b[j - 1]));
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] &&
			    a[i - 2] == b[j - 1] && up2[j - 2] + 1 < now[j])
				now[j] = up2[j - 2] + 1;
		}
	}
	return rows[n % 3][m];
}

const char *fl_nearest(const char *word, const char *const *names, size_t count,
		       size_t stride)
{
	const char *best = NULL;
	int limit = (int)strlen(word) / 3 + 1;

	for (size_t i = 0; i < count; i++) {
		const char *name = *(
			const char *const *)(const void *)((const char *)names +
							   i * stride);
		int d = name ? edit_distance(word, name) : limit + 1;

		if (d <= limit) {
			/* Only a nearer one takes its place: of two equal
			 * ones the first row wins. */
			limit = d - 1;
			best = name;
		}
	}
	return best;
}

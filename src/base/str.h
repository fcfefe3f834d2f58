/* str.h - growing strings and the nearest name to a mistyped one. */
#ifndef FL_BASE_STR_H
#define FL_BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A growing, always terminated string; release frees it. */
struct fl_str {
	char *data; /* NULL while empty */
	size_t len, cap;
};

#define FL_STR_INIT \
	{           \
		0   \
	}

void fl_str_add(struct fl_str *s, const char *text);
void fl_str_addn(struct fl_str *s, const void *bytes, size_t len);
void fl_str_addf(struct fl_str *s, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
/* The text, "" while empty; borrowed until the next change. */
const char *fl_str_get(const struct fl_str *s);
void fl_str_clear(struct fl_str *s);
void fl_str_release(struct fl_str *s);

/* FNV-1a, for tables of names. */
uint64_t fl_hash(const char *text);

/* The first of count texts, in order of strcmp, that does not stand before text;
 * count where there is none. */
size_t fl_first_not_before(const char *const *sorted, size_t count,
			   const char *text);

/* one for 1, else many. */
const char *fl_plural(long long n, const char *one, const char *many);
/* "3 boxes are left out" of "{box is|boxes are} left out": n, and of every pair
 * in braces the half that goes with it. */
void fl_str_add_count(struct fl_str *s, long long n, const char *text);

bool fl_starts_with(const char *text, const char *prefix);
bool fl_ends_with(const char *text, const char *suffix);

/* Bytes of the UTF-8 character at p (1 .. 4; 1 for NUL), 0 when the bytes there
 * are none. Reads no further than the first wrong byte, so NUL ends a text. */
size_t fl_utf8_len(const char *p);

/* The name nearest to 'word' by edits, of at most 64 characters, or NULL when none
 * is near enough to help.
 * names: array of count strings, stride bytes apart, so that a column of a
 * table can be searched: fl_nearest(word, &rows[0].name, n, sizeof(*rows)). */
const char *fl_nearest(const char *word, const char *const *names, size_t count,
		       size_t stride);

#endif

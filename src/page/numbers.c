/* numbers.c - metrics.jsonl turned into columns, for curves and tables.
 *
 * run.c adds a row per line, in the order of the file. A run that was killed
 * and went on has taken back what it did twice (report/metrics.c), but a file
 * copied together by hand may not have: numbers_settle() makes the column rise. */
#include "page/numbers.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int column_of(struct numbers *n, const char *name)
{
	for (int i = 0; i < n->count; i++)
		if (strcmp(n->names[i], name) == 0)
			return i;
	if (n->count == NUMBERS_MOST)
		return -1;
	n->names[n->count] = fl_strdup(name);
	n->columns[n->count] = fl_calloc(n->cap, sizeof(double));
	for (size_t r = 0; r < n->rows; r++)
		n->columns[n->count][r] = NAN;
	return n->count++;
}

static void grow(struct numbers *n)
{
	if (n->rows < n->cap)
		return;
	n->cap = n->cap ? 2 * n->cap : 256;
	for (int i = 0; i < n->count; i++)
		n->columns[i] =
			fl_realloc(n->columns[i], n->cap * sizeof(double));
}

void numbers_add(struct numbers *n, const struct json *object)
{
	grow(n);
	for (int i = 0; i < n->count; i++)
		n->columns[i][n->rows] = NAN;
	for (void *it = json_first(object); it; it = json_next(object, it)) {
		double value = NAN;
		int c;

		if (!json_real_of(json_value(it), &value) &&
		    json_kind_of(json_value(it)) != JSON_KIND_NULL)
			continue;
		c = column_of(n, json_key(it));
		if (c >= 0)
			n->columns[c][n->rows] = value;
	}
	n->rows++;
}

const double *numbers_get(const struct numbers *n, const char *name)
{
	for (int i = 0; i < n->count; i++)
		if (strcmp(n->names[i], name) == 0)
			return n->columns[i];
	return NULL;
}

void numbers_settle(struct numbers *n, const char *name)
{
	const double *key = numbers_get(n, name);
	size_t kept = 0;

	for (size_t r = 0; key && r < n->rows; r++) {
		double now = key[r];

		if (isnan(now))
			continue;
		while (kept > 0 && key[kept - 1] >= now)
			kept--;
		for (int i = 0; i < n->count; i++)
			n->columns[i][kept] = n->columns[i][r];
		kept++;
	}
	n->rows = kept;
}

void numbers_release(struct numbers *n)
{
	for (int i = 0; i < n->count; i++) {
		free(n->names[i]);
		free(n->columns[i]);
	}
	*n = (struct numbers){ 0 };
}

size_t numbers_shown(size_t count, size_t most)
{
	return count < most ? count : most;
}

size_t numbers_row(size_t i, size_t shown, size_t count)
{
	return shown < 2 ? count - 1 : i * (count - 1) / (shown - 1);
}

/* numbers.h - columns of numbers out of a file of JSON lines (metrics.jsonl).
 *
 * Which numbers a run logs its model settles, so columns are found by name. A
 * row holds NaN in the columns that its line does not have.
 *
 * Ownership: the struct owns all; release frees it.
 */
#ifndef FL_PAGE_NUMBERS_H
#define FL_PAGE_NUMBERS_H

#include "text/json.h"

#include <stddef.h>

/* More different keys than any run of ours logs; others are left out. */
#define NUMBERS_MOST 64

struct numbers {
	char *names[NUMBERS_MOST];
	double *columns[NUMBERS_MOST]; /* [rows] */
	int count;
	size_t rows, cap;
};

/* A row of the object's members that are numbers, or null for one that is not
 * finite. */
void numbers_add(struct numbers *n, const struct json *object);
/* NULL where no line had it. */
const double *numbers_get(const struct numbers *n, const char *name);
/* Only the last row of those with one value of a column, which must rise from
 * then on: of a run that did steps a second time the later ones count. */
void numbers_settle(struct numbers *n, const char *name);
void numbers_release(struct numbers *n);

/* Which rows a table shows: at most 'most' of count, evenly apart, the last one
 * always. Row i of the table is row numbers_row(i, shown, count). */
size_t numbers_shown(size_t count, size_t most);
size_t numbers_row(size_t i, size_t shown, size_t count);

#endif

/* chart.h - a curve in characters.
 *
 * In Unicode a letter is two dots wide and four high (Braille patterns), in plain
 * ASCII one star.
 *
 * Ownership: chart_release frees what chart_draw made.
 */
#ifndef FL_WATCH_CHART_H
#define FL_WATCH_CHART_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

struct chart {
	int width, height; /* letters */
	bool unicode;
	unsigned char *cells; /* bits of each letter's dots, by rows */
	double low, high;     /* at the lower and the upper edge */
};

/* x rises; all are finite. False where there is nothing to draw. */
bool chart_draw(struct chart *c, const double *x, const double *y, size_t count,
		int width, int height, bool unicode);
/* The letters of a row, width columns; row 0 is the top. */
void chart_row(const struct chart *c, int row, struct fl_str *out);
void chart_release(struct chart *c);

#endif

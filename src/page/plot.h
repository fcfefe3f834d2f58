/* plot.h - curves: an SVG of lines over an axis, what the pointer reads of it, and
 * the same numbers as a table.
 *
 * No script: a strip of the picture that the pointer rests on shows its title,
 * and a table that opens with a tap has the numbers, to six digits. Of long
 * curves the line keeps the lowest and the highest value of every step of the
 * picture's width, so that no spike is lost; table and strips keep rows evenly
 * apart.
 */
#ifndef FL_PAGE_PLOT_H
#define FL_PAGE_PLOT_H

#include "base/str.h"

#include <stdbool.h>
#include <stddef.h>

/* Colours of lines; the style has so many (style.c). */
#define PLOT_COLORS 8

struct plot_line {
	const char *name;
	const double *x, *y; /* x rises; y may be NaN: a gap */
	size_t count;
	int color;  /* 0 .. PLOT_COLORS - 1 */
	bool thick; /* the one that sums up the others */
	bool faint; /* one of many: thin, grey, in no legend and no table */
};

/* A point worth a word. */
struct plot_mark {
	double x, y;
	const char *label;
	int color;
};

struct plot {
	const char *title;
	const char *about; /* a sentence below the title, or NULL */
	const char *x_name;
	const struct plot_line *lines;
	int count;
	const struct plot_mark *marks;
	int mark_count;
	bool unit; /* both axes are 0 to 1; otherwise they fit the numbers */
	bool zero; /* the y axis begins at 0 */
};

/* A <figure>; nothing where no line has a point. */
void plot_draw(const struct plot *plot, struct fl_str *out);

/* Round numbers for an axis: at most room of them within lo .. hi, or on a
 * logarithmic axis (lo > 0) powers of ten and what lies between. Returns how many.
 * Tests call it. */
int plot_ticks(double lo, double hi, bool logarithmic, double *out, int room);

#endif

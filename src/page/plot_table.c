/* plot_table.c - the numbers of a plot: under the pointer, and in a table.
 *
 * Both show the same rows: of the line with the most points at most MOST_ROWS,
 * evenly apart, the last one always. The other lines stand in a row where they
 * have a point at exactly its x, so that no number is one between. */
#include "page/html.h"
#include "page/numbers.h"
#include "page/plot_priv.h"

#include <math.h>

#define MOST_ROWS 101 /* confidences by hundredths stand whole */

static const struct plot_line *longest(const struct plot *p)
{
	const struct plot_line *best = NULL;

	for (int i = 0; i < p->count; i++)
		if (!p->lines[i].faint &&
		    (!best || p->lines[i].count > best->count))
			best = &p->lines[i];
	return best;
}

/* The line's value at x, NaN where it has no such point. */
static double value_at(const struct plot_line *l, double x)
{
	size_t lo = 0, hi = l->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (l->x[mid] < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < l->count && l->x[lo] == x ? l->y[lo] : NAN;
}

static void strip(const struct plot *p, double x, double left, double right,
		  struct fl_str *out)
{
	fl_str_add(out, "<g class=\"at\"><title>");
	html_text(out, p->x_name);
	fl_str_add(out, " ");
	html_number(out, x, 8);
	for (int i = 0; i < p->count; i++) {
		double y = value_at(&p->lines[i], x);

		if (p->lines[i].faint || isnan(y))
			continue;
		fl_str_add(out, "&#10;");
		html_text(out, p->lines[i].name);
		fl_str_add(out, " ");
		html_number(out, y, 5);
	}
	fl_str_addf(out,
		    "</title><rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" "
		    "height=\"%d\"/></g>",
		    left, PLOT_TOP, right - left,
		    PLOT_H - PLOT_TOP - PLOT_BOTTOM);
}

void plot_strips(const struct plot *p, const struct plot_frame *f,
		 struct fl_str *out)
{
	const struct plot_line *l = longest(p);
	size_t shown = l ? numbers_shown(l->count, MOST_ROWS) : 0;
	double left = PLOT_LEFT;

	for (size_t i = 0; i < shown; i++) {
		double x = l->x[numbers_row(i, shown, l->count)];
		double right = PLOT_W - PLOT_RIGHT;

		if (i + 1 < shown)
			right = plot_x(
				f, (x +
				    l->x[numbers_row(i + 1, shown, l->count)]) /
					   2);
		strip(p, x, left, right, out);
		left = right;
	}
}

static void head(const struct plot *p, struct fl_str *out)
{
	fl_str_add(out, "<thead><tr><th scope=\"col\">");
	html_text(out, p->x_name);
	fl_str_add(out, "</th>");
	for (int i = 0; i < p->count; i++) {
		if (p->lines[i].faint)
			continue;
		fl_str_add(out, "<th scope=\"col\">");
		html_text(out, p->lines[i].name);
		fl_str_add(out, "</th>");
	}
	fl_str_add(out, "</tr></thead>");
}

void plot_table(const struct plot *p, struct fl_str *out)
{
	const struct plot_line *l = longest(p);
	size_t shown = l ? numbers_shown(l->count, MOST_ROWS) : 0;

	if (!shown)
		return;
	fl_str_add(out, "<details><summary>Numbers");
	if (shown < l->count)
		fl_str_addf(out, " (%zu of %zu points)", shown, l->count);
	fl_str_add(out, "</summary><div class=\"wide\"><table>");
	head(p, out);
	fl_str_add(out, "<tbody>");
	for (size_t i = 0; i < shown; i++) {
		double x = l->x[numbers_row(i, shown, l->count)];

		fl_str_add(out, "<tr><td>");
		html_number(out, x, 8);
		fl_str_add(out, "</td>");
		for (int k = 0; k < p->count; k++) {
			if (p->lines[k].faint)
				continue;
			fl_str_add(out, "<td>");
			html_number(out, value_at(&p->lines[k], x), 6);
			fl_str_add(out, "</td>");
		}
		fl_str_add(out, "</tr>");
	}
	fl_str_add(out, "</tbody></table></div></details>");
}

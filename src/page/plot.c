/* plot.c - a figure with curves: title, picture, legend, table.
 *
 * Drawn from the back to the front: axes and grid, faint lines, lines, marks, and
 * last the strips that the pointer meets. A line of more points than the picture
 * is wide becomes, for each unit of width, its lowest and highest point in their
 * order, which looks the same and bounds what a run of any length takes. */
#include "page/html.h"
#include "page/plot_priv.h"

#include <math.h>

/* The next run of points that fall on one unit of the picture's width. */
static size_t column_end(const struct plot_line *l, const struct plot_frame *f,
			 size_t from)
{
	double unit = floor(plot_x(f, l->x[from]));
	size_t to = from + 1;

	while (to < l->count && floor(plot_x(f, l->x[to])) == unit)
		to++;
	return to;
}

static void add_point(const struct plot_line *l, const struct plot_frame *f,
		      size_t i, bool *down, struct fl_str *out)
{
	int digits = l->faint ? 0 : 1; /* there may be hundreds of them */

	fl_str_addf(out, "%c%.*f %.*f", *down ? 'L' : 'M', digits,
		    plot_x(f, l->x[i]), digits, plot_y(f, l->y[i]));
	*down = true;
}

/* Of points from .. to - 1 the lowest and the highest; a value that is none ends
 * the line, which begins anew behind it. */
static void add_column(const struct plot_line *l, const struct plot_frame *f,
		       size_t from, size_t to, bool *down, struct fl_str *out)
{
	size_t low = from, high = from;

	for (size_t i = from; i < to; i++) {
		if (!isfinite(l->y[i])) {
			*down = false;
			return;
		}
		low = l->y[i] < l->y[low] ? i : low;
		high = l->y[i] > l->y[high] ? i : high;
	}
	add_point(l, f, low < high ? low : high, down, out);
	if (low != high)
		add_point(l, f, low < high ? high : low, down, out);
}

static void draw_line(const struct plot_line *l, const struct plot_frame *f,
		      struct fl_str *out)
{
	bool down = false;

	if (l->faint)
		fl_str_add(out, "<g class=\"faint\"><title>");
	else
		fl_str_addf(out, "<g class=\"line s%d%s\"><title>",
			    l->color % PLOT_COLORS + 1,
			    l->thick ? " thick" : "");
	html_text(out, l->name);
	fl_str_add(out, "</title><path d=\"");
	for (size_t at = 0; at < l->count;) {
		size_t end = column_end(l, f, at);

		add_column(l, f, at, end, &down, out);
		at = end;
	}
	fl_str_add(out, "\"/>");
	if (l->count == 1 && isfinite(l->y[0])) /* a path shows no point */
		fl_str_addf(out, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\"/>",
			    plot_x(f, l->x[0]), plot_y(f, l->y[0]));
	fl_str_add(out, "</g>");
}

/* Its words stand on the side where there is room. */
static void draw_mark(const struct plot_mark *m, const struct plot_frame *f,
		      struct fl_str *out)
{
	double x = plot_x(f, m->x), y = plot_y(f, m->y);
	bool right = x < PLOT_W * 0.6;

	fl_str_addf(out,
		    "<g class=\"mark s%d\"><circle cx=\"%.1f\" cy=\"%.1f\" "
		    "r=\"4\"/><text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">",
		    m->color % PLOT_COLORS + 1, x, y, x + (right ? 7 : -7),
		    y < PLOT_TOP + 20 ? y + 16 : y - 7,
		    right ? "start" : "end");
	html_text(out, m->label);
	fl_str_add(out, "</text></g>");
}

static void draw_legend(const struct plot *p, struct fl_str *out)
{
	int shown = 0;

	for (int i = 0; i < p->count; i++)
		shown += !p->lines[i].faint && p->lines[i].count > 0;
	if (shown < 2) /* the title says what a single line is */
		return;
	fl_str_add(out, "<ul class=\"legend\">");
	for (int i = 0; i < p->count; i++) {
		if (p->lines[i].faint || p->lines[i].count == 0)
			continue;
		fl_str_addf(out, "<li><i class=\"key s%d\"></i>",
			    p->lines[i].color % PLOT_COLORS + 1);
		html_text(out, p->lines[i].name);
		fl_str_add(out, "</li>");
	}
	fl_str_add(out, "</ul>");
}

static void draw_picture(const struct plot *p, const struct plot_frame *f,
			 struct fl_str *out)
{
	fl_str_addf(out,
		    "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"",
		    PLOT_W, PLOT_H);
	html_text(out, p->title);
	fl_str_add(out, "\">");
	plot_axes(p, f, out);
	for (int faint = 1; faint >= 0; faint--)
		for (int i = p->count - 1; i >= 0; i--) /* the first on top */
			if (p->lines[i].faint == (faint == 1) &&
			    p->lines[i].count > 0)
				draw_line(&p->lines[i], f, out);
	for (int i = 0; i < p->mark_count; i++)
		draw_mark(&p->marks[i], f, out);
	plot_strips(p, f, out);
	fl_str_add(out, "</svg>");
}

void plot_draw(const struct plot *p, struct fl_str *out)
{
	struct plot_frame frame;

	if (!plot_frame_of(p, &frame))
		return;
	fl_str_add(out, "<figure><h3>");
	html_text(out, p->title);
	fl_str_add(out, "</h3>");
	if (p->about) {
		fl_str_add(out, "<p>");
		html_text(out, p->about);
		fl_str_add(out, "</p>");
	}
	draw_picture(p, &frame, out);
	draw_legend(p, out);
	plot_table(p, out);
	fl_str_add(out, "</figure>\n");
}

/* plot_axes.c - what the axes of a plot reach, and the round numbers on them.
 *
 * plot_draw() asks for the frame first. Values that lie over more than a factor
 * of LOG_FROM, all above 0, get a logarithmic axis: the first losses of a
 * training from nothing are a hundred times the later ones. */
#include "page/html.h"
#include "page/plot_priv.h"

#include <math.h>

#define LOG_FROM 30.0
#define TICKS 6

static void widen(double v, double *lo, double *hi)
{
	if (!isfinite(v))
		return;
	*lo = v < *lo ? v : *lo;
	*hi = v > *hi ? v : *hi;
}

/* A curve that is one value has an axis too. */
static void open_up(double *lo, double *hi)
{
	double room = fabs(*hi) > 0 ? fabs(*hi) / 2 : 1;

	if (*hi - *lo > 1e-12 * fabs(*hi))
		return;
	*lo -= room;
	*hi += room;
}

bool plot_frame_of(const struct plot *p, struct plot_frame *f)
{
	double x0 = INFINITY, x1 = -INFINITY, y0 = INFINITY, y1 = -INFINITY;

	for (int i = 0; i < p->count; i++)
		for (size_t k = 0; k < p->lines[i].count; k++) {
			if (!isfinite(p->lines[i].y[k]))
				continue;
			widen(p->lines[i].x[k], &x0, &x1);
			widen(p->lines[i].y[k], &y0, &y1);
		}
	if (!isfinite(x0) || !isfinite(y0))
		return false;
	*f = (struct plot_frame){ 0, 1, 0, 1, false };
	if (p->unit)
		return true;
	f->log = !p->zero && y0 > 0 && y1 / y0 > LOG_FROM;
	if (!f->log && y0 > 0 && (p->zero || y0 < y1 / 3))
		y0 = 0;
	open_up(&x0, &x1);
	if (p->zero && y0 == y1)
		y1 += 1;
	open_up(&y0, &y1);
	y1 += f->log ? 0 : (y1 - y0) / 20;
	f->x0 = x0, f->x1 = x1;
	f->y0 = f->log ? log10(y0) : y0;
	f->y1 = f->log ? log10(y1) : y1;
	return true;
}

double plot_x(const struct plot_frame *f, double x)
{
	return PLOT_LEFT + (x - f->x0) / (f->x1 - f->x0) *
				   (PLOT_W - PLOT_LEFT - PLOT_RIGHT);
}

double plot_y(const struct plot_frame *f, double y)
{
	if (f->log)
		y = y > 0 ? log10(y) : f->y0;
	return PLOT_H - PLOT_BOTTOM -
	       (y - f->y0) / (f->y1 - f->y0) *
		       (PLOT_H - PLOT_TOP - PLOT_BOTTOM);
}

static int log_ticks(double lo, double hi, double *out, int room)
{
	static const double parts[] = { 1, 2, 5 };
	int first = (int)floor(log10(lo)), last = (int)ceil(log10(hi)), n = 0;
	int every = (last - first + room - 1) / room;
	int between = 3 * (last - first) <= room ? 3 : 1;

	every = every < 1 ? 1 : every;
	for (int e = first; e <= last; e += every)
		for (int i = 0; i < between && n < room; i++) {
			double v = parts[i] * pow(10, e);

			if (v >= lo * (1 - 1e-9) && v <= hi * (1 + 1e-9))
				out[n++] = v;
		}
	return n;
}

int plot_ticks(double lo, double hi, bool logarithmic, double *out, int room)
{
	double rough = (hi - lo) / (room - 1), step, part;
	int n = 0;

	if (logarithmic)
		return log_ticks(lo, hi, out, room);
	step = pow(10, floor(log10(rough)));
	part = rough / step;
	step *= part <= 1 ? 1 : part <= 2 ? 2 : part <= 5 ? 5 : 10;
	for (double k = ceil(lo / step - 1e-9);
	     k * step <= hi + 1e-9 * step && n < room; k++)
		out[n++] = k * step + 0.0; /* no -0 */
	return n;
}

static void mark_x(const struct plot_frame *f, double v, struct fl_str *out)
{
	fl_str_addf(out, "<text x=\"%.1f\" y=\"%d\" text-anchor=\"middle\">",
		    plot_x(f, v), PLOT_H - PLOT_BOTTOM + 14);
	html_short(out, v);
	fl_str_add(out, "</text>");
}

static void mark_y(const struct plot_frame *f, double v, struct fl_str *out)
{
	double y = plot_y(f, v);

	fl_str_addf(out,
		    "<path class=\"grid\" d=\"M%d %.1fH%d\"/><text x=\"%d\" "
		    "y=\"%.1f\" text-anchor=\"end\">",
		    PLOT_LEFT, y, PLOT_W - PLOT_RIGHT, PLOT_LEFT - 5, y + 4);
	html_short(out, v);
	fl_str_add(out, "</text>");
}

void plot_axes(const struct plot *p, const struct plot_frame *f,
	       struct fl_str *out)
{
	double ticks[TICKS];
	double lo = f->log ? pow(10, f->y0) : f->y0;
	double hi = f->log ? pow(10, f->y1) : f->y1;
	int n = plot_ticks(lo, hi, f->log, ticks, TICKS);

	for (int i = 0; i < n; i++)
		mark_y(f, ticks[i], out);
	n = plot_ticks(f->x0, f->x1, false, ticks, TICKS);
	for (int i = 0; i < n; i++)
		mark_x(f, ticks[i], out);
	fl_str_addf(out, "<path class=\"axis\" d=\"M%d %dH%d\"/>", PLOT_LEFT,
		    PLOT_H - PLOT_BOTTOM, PLOT_W - PLOT_RIGHT);
	fl_str_addf(out, "<text x=\"%d\" y=\"%d\" text-anchor=\"end\">",
		    PLOT_W - PLOT_RIGHT, PLOT_H - 6);
	html_text(out, p->x_name);
	fl_str_addf(out, "%s</text>", f->log ? " (y: logarithmic)" : "");
}

/* chart.c - points and the lines between them as dots in a grid of letters.
 *
 * chart_draw() sets the dots, chart_row() reads them. A line is walked in steps
 * of a dot, so that a steep one has no holes. */
#include "watch/chart.h"

#include "base/arena.h"
#include "text/utf8.h"

#include <math.h>
#include <stdlib.h>

#define BRAILLE 0x2800

static int dots_wide(const struct chart *c)
{
	return c->unicode ? 2 * c->width : c->width;
}

static int dots_high(const struct chart *c)
{
	return c->unicode ? 4 * c->height : c->height;
}

/* y 0 is the bottom. The eight bits are those of the Unicode block, whose fourth
 * row came later than the others. */
static void set_dot(struct chart *c, int x, int y)
{
	static const unsigned char bits[4][2] = {
		{ 0x01, 0x08 }, { 0x02, 0x10 }, { 0x04, 0x20 }, { 0x40, 0x80 }
	};
	int from_top = dots_high(c) - 1 - y;

	if (c->unicode)
		c->cells[from_top / 4 * c->width + x / 2] |=
			bits[from_top % 4][x % 2];
	else
		c->cells[from_top * c->width + x] = 1;
}

static void draw_line(struct chart *c, int x0, int y0, int x1, int y1)
{
	int steps = abs(x1 - x0) > abs(y1 - y0) ? abs(x1 - x0) : abs(y1 - y0);

	for (int i = 0; i <= steps; i++)
		set_dot(c, steps ? x0 + (x1 - x0) * i / steps : x0,
			steps ? y0 + (y1 - y0) * i / steps : y0);
}

/* Of halves: the whole way from the lowest number to the highest has no double. */
static int place(double v, double low, double high, int dots)
{
	double way = high / 2 - low / 2;

	return way > 0 ? (int)lround((v / 2 - low / 2) / way * (dots - 1))
		       : (dots - 1) / 2;
}

bool chart_draw(struct chart *c, const double *x, const double *y, size_t count,
		int width, int height, bool unicode)
{
	int px = 0, py = 0;

	*c = (struct chart){ .width = width,
			     .height = height,
			     .unicode = unicode };
	if (count == 0 || width < 1 || height < 1)
		return false;
	c->low = c->high = y[0];
	for (size_t i = 1; i < count; i++) {
		c->low = fmin(c->low, y[i]);
		c->high = fmax(c->high, y[i]);
	}
	c->cells = fl_calloc((size_t)width * (size_t)height, 1);
	for (size_t i = 0; i < count; i++) {
		int at_x = place(x[i], x[0], x[count - 1], dots_wide(c));
		int at_y = place(y[i], c->low, c->high, dots_high(c));

		draw_line(c, i ? px : at_x, i ? py : at_y, at_x, at_y);
		px = at_x;
		py = at_y;
	}
	return true;
}

void chart_row(const struct chart *c, int row, struct fl_str *out)
{
	for (int i = 0; i < c->width; i++) {
		unsigned char cell = c->cells[row * c->width + i];
		char letter[4];

		if (c->unicode && cell)
			fl_str_addn(out, letter,
				    utf8_put(letter, BRAILLE + cell));
		else
			fl_str_add(out, cell ? "*" : " ");
	}
}

void chart_release(struct chart *c)
{
	free(c->cells);
	c->cells = NULL;
}

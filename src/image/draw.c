/* draw.c - boxes, labels and simple shapes into a picture: for the results of
 * infer and for made-up data sets (data/synth.c).
 *
 * Everything is cut to the picture, so callers may draw beyond its edge. Boxes
 * and letters have hard edges. Shapes have smooth ones, nine samples a pixel,
 * so that a small one still has its form. */
#include "image/draw.h"

#include "image/font.h"

#include <math.h>
#include <string.h>

const char *const draw_shape_names[DRAW_SHAPES] = { "circle",	"square",
						    "triangle", "star",
						    "ring",	"cross" };

static int bound(int v, int lo, int hi)
{
	return v < lo ? lo : v > hi ? hi : v;
}

static void fill(struct image *im, int x1, int y1, int x2, int y2,
		 const uint8_t color[3])
{
	x1 = bound(x1, 0, im->w);
	x2 = bound(x2, 0, im->w);
	y1 = bound(y1, 0, im->h);
	y2 = bound(y2, 0, im->h);
	for (int y = y1; y < y2; y++)
		for (int x = x1; x < x2; x++)
			memcpy(im->rgb +
				       ((size_t)y * (size_t)im->w + (size_t)x) *
					       3,
			       color, 3);
}

/* 'thick' pixels wide. */
static void outline(struct image *im, int x1, int y1, int x2, int y2, int thick,
		    const uint8_t color[3])
{
	fill(im, x1, y1, x2, y1 + thick, color);
	fill(im, x1, y2 - thick, x2, y2, color);
	fill(im, x1, y1, x1 + thick, y2, color);
	fill(im, x2 - thick, y1, x2, y2, color);
}

/* Letters of five cells and a gap of one. */
static int width_of(const char *text, int scale)
{
	return (int)strlen(text) * 6 * scale;
}

/* Of 5 x 7 cells, each 'scale' pixels; other than ASCII as '?'. */
static void letters(struct image *im, int x, int y, const char *text, int scale,
		    const uint8_t color[3])
{
	for (; *text; text++, x += 6 * scale) {
		unsigned char c = (unsigned char)*text;
		const unsigned char *rows =
			font_rows[(c < 32 || c > 126 ? '?' : c) - 32];

		/* Seven rows of five cells, the left cell in the highest bit
		 * (font.c). */
		for (int i = 0; i < 35; i++) {
			int cx = x + i % 5 * scale, cy = y + i / 5 * scale;

			if (rows[i / 5] >> (4 - i % 5) & 1)
				fill(im, cx, cy, cx + scale, cy + scale, color);
		}
	}
}

static const uint8_t class_colors[][3] = {
	{ 230, 60, 60 },  { 50, 160, 70 },  { 60, 100, 230 }, { 240, 150, 20 },
	{ 160, 60, 200 }, { 20, 170, 180 }, { 220, 60, 150 }, { 120, 110, 30 },
};

void draw_object(struct image *im, int x1, int y1, int x2, int y2, int class,
		 const char *label)
{
	static const uint8_t white[3] = { 255, 255, 255 };
	const size_t count = sizeof(class_colors) / sizeof(class_colors[0]);
	const uint8_t *color = class_colors[(size_t) class % count];
	int scale = im->w >= 480 ? 2 : 1;
	int width = width_of(label, scale) + 2, x = x1, y = y1;

	outline(im, x1, y1, x2, y2, 2, color);
	y = y - 9 * scale < 0 ? 0 : y - 9 * scale;
	x = x + width > im->w ? im->w - width : x; /* the label stays inside */
	x = x < 0 ? 0 : x;
	fill(im, x, y, x + width, y + 9 * scale, color);
	letters(im, x + 2, y + scale, label, scale, white);
}

/* Is the point (u, v) of the unit square within the shape? Each shape touches
 * all four sides, so that its box is tight: a synthetic label has no error. */
static bool inside(enum draw_shape shape, double u, double v)
{
	double x = 2 * u - 1, y = 2 * v - 1, r2 = x * x + y * y;

	switch (shape) {
	case DRAW_CIRCLE:
		return r2 <= 1;
	case DRAW_SQUARE:
		return true;
	case DRAW_TRIANGLE:
		return v >= 2 * fabs(u - 0.5);
	case DRAW_STAR: /* four points: an astroid */
		return pow(fabs(x), 2.0 / 3) + pow(fabs(y), 2.0 / 3) <= 1;
	case DRAW_RING:
		return r2 <= 1 && r2 >= 0.3;
	default: /* cross */
		return fabs(x) <= 0.3 || fabs(y) <= 0.3;
	}
}

void draw_shape(struct image *im, enum draw_shape shape, double x, double y,
		double w, double h, const uint8_t color[3])
{
	int x1 = bound((int)floor(x), 0, im->w);
	int x2 = bound((int)ceil(x + w), 0, im->w);
	int y1 = bound((int)floor(y), 0, im->h);
	int y2 = bound((int)ceil(y + h), 0, im->h);

	for (int py = y1; py < y2; py++) {
		for (int px = x1; px < x2; px++) {
			uint8_t *p =
				im->rgb +
				((size_t)py * (size_t)im->w + (size_t)px) * 3;
			int hits = 0;

			/* A grid of three by three within the pixel, in
			 * coordinates of the shape's box. */
			for (int k = 0; k < 9; k++) {
				double u = (px + (k % 3 + 0.5) / 3 - x) / w;
				double v = (py + (k / 3 + 0.5) / 3 - y) / h;

				hits += u >= 0 && u <= 1 && v >= 0 && v <= 1 &&
					inside(shape, u, v);
			}
			/* The share of the samples that hit is the share of the
			 * colour. */
			for (int c = 0; c < 3; c++)
				p[c] = (uint8_t)((p[c] * (9 - hits) +
						  color[c] * hits) /
						 9);
		}
	}
}

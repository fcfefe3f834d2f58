/* mosaic.c - what the network is shown, made small enough to be looked at.
 *
 * Called for the first batches of a run (report/events.c), to find pictures that
 * are cropped too far, boxes that are off, classes that are shifted. A side of
 * 208 pixels shows that of each of nine pictures in a tenth of a megabyte.
 */
#include "report/mosaic.h"

#include "image/draw.h"

#include <string.h>

#define SIDE 208
#define COLUMNS 3
#define MOST (COLUMNS * COLUMNS)

/* The reader's normalisation the other way round, and cut: a bicubic resize
 * goes beyond black and white. */
static uint8_t as_byte(const struct reader_options *r, float v, int channel)
{
	double x = (double)v;

	if (r->mean_std)
		x = x * r->std[channel] + r->mean[channel];
	if (r->scale)
		x *= 255;
	return (uint8_t)(x < 0 ? 0 : x > 255 ? 255 : x + 0.5);
}

/* Every pixel of the small picture is the mean of those that it covers. */
static void shrink(const struct reader_options *r, const struct batch *b, int i,
		   struct image *out)
{
	const size_t h = (size_t)b->h, w = (size_t)b->w;
	const size_t oh = (size_t)out->h, ow = (size_t)out->w;
	const float *from = b->image + (size_t)i * h * w * 3;

	for (size_t y = 0; y < oh; y++)
		for (size_t x = 0; x < ow; x++) {
			size_t y0 = y * h / oh, y1 = (y + 1) * h / oh;
			size_t x0 = x * w / ow, x1 = (x + 1) * w / ow, n = 0;
			float sum[3] = { 0 };

			y1 = y1 > y0 ? y1 : y0 + 1;
			x1 = x1 > x0 ? x1 : x0 + 1;
			for (size_t v = y0; v < y1; v++)
				for (size_t u = x0; u < x1; u++, n++)
					for (size_t c = 0; c < 3; c++)
						sum[c] += from[(v * w + u) * 3 +
							       c];
			for (int c = 0; c < 3; c++)
				out->rgb[(y * ow + x) * 3 + (size_t)c] =
					as_byte(r, sum[c] / (float)n, c);
		}
}

static void draw_boxes(const struct batch *b, int i, const struct dataset *data,
		       struct image *tile)
{
	/* Boxes are in pixels of the network's input; the tile is smaller. */
	const float across = (float)tile->w / (float)b->w;
	const float down = (float)tile->h / (float)b->h;

	for (int k = 0; k < b->counts[i]; k++) {
		size_t at = (size_t)i * (size_t)b->most + (size_t)k;
		const float *box = b->boxes + 4 * at;
		int class = b->labels[at];

		if (class < 0 || class >= data->class_count)
			continue;
		draw_object(tile, (int)(box[0] * across), (int)(box[1] * down),
			    (int)(box[2] * across), (int)(box[3] * down), class,
			    data->class_names[class]);
	}
}

static void lay(struct image *whole, const struct image *tile, int x, int y)
{
	const size_t line = (size_t)tile->w * 3;

	for (int v = 0; v < tile->h; v++)
		memcpy(whole->rgb + ((size_t)(y + v) * (size_t)whole->w +
				     (size_t)x) *
					    3,
		       tile->rgb + (size_t)v * line, line);
}

void mosaic_of_batch(const struct reader_options *reader, const struct batch *b,
		     const struct dataset *data, struct image *out)
{
	/* The longer side fills SIDE; the rest of a place stays white. */
	int n = b->n < MOST ? b->n : MOST, longer = b->w > b->h ? b->w : b->h;
	int columns = n < COLUMNS ? n : COLUMNS;
	int rows = (n + COLUMNS - 1) / COLUMNS;
	struct image tile = { 0 };

	image_resize_buffer(&tile, SIDE * b->w / longer, SIDE * b->h / longer);
	image_resize_buffer(out, columns * SIDE, rows * SIDE);
	memset(out->rgb, 255, (size_t)out->w * (size_t)out->h * 3);
	for (int i = 0; i < n; i++) {
		shrink(reader, b, i, &tile);
		draw_boxes(b, i, data, &tile);
		lay(out, &tile, i % COLUMNS * SIDE, i / COLUMNS * SIDE);
	}
	image_release(&tile);
}

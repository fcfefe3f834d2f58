/* color.c - the colour steps of a picture, on the part of it that counts.
 * Called by transform.c before the geometry, as the reference has it: its crop
 * sees pixels that are changed already. The loops are those of pixels.h. */
#include "data/pixels.h"
#include "data/transform.h"

/* Pixels x0 .. x1 - 1 and y0 .. y1 - 1 of the picture. */
struct region {
	struct image *im;
	int x0, y0, x1, y1;
};

/* Pillow's ImageEnhance.Contrast: the mean over the whole picture, rounded. */
static int mean_luma(const struct image *im, const struct pixels *pixels)
{
	size_t n = (size_t)im->w * (size_t)im->h;

	return (int)((double)pixels->luma_sum(im->rgb, n) / (double)n + 0.5);
}

/* Brightness goes towards black (grey 0), contrast towards the mean, each value
 * by itself; saturation towards the pixel's own grey. */
static void step(const struct region *r, int color, double factor,
		 const struct pixels *pixels)
{
	size_t wide = (size_t)(r->x1 - r->x0);
	float f = (float)factor;
	struct pixels_turn turn;
	int grey = 0;

	if (r->x1 <= r->x0 || r->y1 <= r->y0)
		return;
	if (color == COLOR_CONTRAST)
		grey = mean_luma(r->im, pixels);
	else if (color == COLOR_HUE)
		pixels_turn_make(&turn, factor);
	for (int y = r->y0; y < r->y1; y++) {
		uint8_t *p = r->im->rgb +
			     ((size_t)y * (size_t)r->im->w + (size_t)r->x0) * 3;

		if (color == COLOR_SATURATION)
			pixels->saturation(p, wide, f);
		else if (color == COLOR_HUE)
			pixels->hue(p, wide, &turn);
		else
			pixels->towards(p, 3 * wide, grey, f);
	}
}

void color_apply(struct image *im, const struct draws *d, int x0, int y0,
		 int x1, int y1)
{
	const struct pixels *pixels = pixels_best();
	int contrast = -1;

	/* The step of contrast, if it was drawn: no step comes twice. */
	for (int i = 0; i < d->colors; i++)
		if (d->color[i] == COLOR_CONTRAST)
			contrast = i;
	for (int i = 0; i < d->colors; i++) {
		/* before contrast everything counts for its mean */
		struct region r = { im, 0, 0, im->w, im->h };

		if (i >= contrast)
			r = (struct region){ im, x0, y0, x1, y1 };
		step(&r, d->color[i], d->factor[i], pixels);
	}
}

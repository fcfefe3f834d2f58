#include "support/transform_case.h"

#include "base/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const double mean[3] = { 0.485, 0.456, 0.406 };
static const double deviation[3] = { 0.229, 0.224, 0.225 };

static void colors_of(struct draws *d, const char *name)
{
	static const char *const words[COLORS] = { "brightness", "contrast",
						   "saturation", "hue" };

	if (strncmp(name, "distort", 7) == 0 || strstr(name, "chain")) {
		d->colors = 4;
		memcpy(d->color, (int[]){ 2, 0, 3, 1 }, sizeof(d->color));
		memcpy(d->factor, (double[]){ 1.31, 0.72, -11.2, 1.27 },
		       sizeof(d->factor));
	}
	for (int k = 0; k < COLORS; k++)
		if (strncmp(name, words[k], strlen(words[k])) == 0) {
			d->colors = 1;
			d->color[0] = k;
			d->factor[0] = strtod(name + strlen(words[k]), NULL);
		}
}

struct transform_case transform_case_of(const char *name, int w, int h)
{
	struct transform_case c = { .interp = INTERP_NEAREST };
	const char *to = strstr(name, " to ");
	bool chain = strstr(name, "chain") != NULL;

	draws_none(&c.draws, w, h);
	colors_of(&c.draws, name);
	if (strncmp(name, "expand", 6) == 0 || chain) {
		c.draws.canvas_w = c.draws.crop_w = (int)(w * 1.375);
		c.draws.canvas_h = c.draws.crop_h = (int)(h * 1.375);
		c.draws.paste_y = h / 5;
		c.draws.paste_x = w / 7;
	}
	if (strncmp(name, "crop", 4) == 0 || chain) {
		c.draws.crop_x = c.draws.canvas_w / 9;
		c.draws.crop_y = c.draws.canvas_h / 10;
		c.draws.crop_w = (int)(c.draws.canvas_w * 0.8 * sqrt(1.2));
		c.draws.crop_h = (int)(c.draws.canvas_h * 0.8 / sqrt(1.2));
	}
	c.draws.flip = strcmp(name, "flip") == 0 || chain;
	c.w = c.draws.crop_w;
	c.h = c.draws.crop_h;
	c.scaled = strncmp(name, "normalize", 9) == 0;
	c.mean_std = c.scaled && !strstr(name, "plus");
	if (sscanf(name, "chain + resize %d interp %d", &c.w, &c.interp) == 2) {
		c.h = c.w;
		c.resized = c.scaled = c.mean_std = c.planes = true;
	}
	if (to && sscanf(to, " to %dx%d interp %d", &c.h, &c.w, &c.interp) == 3)
		c.resized = true;
	c.in_8bit = strncmp(name, "resize uint8", 12) == 0;
	return c;
}

float *transform_case_run(const struct transform_case *c,
			  const uint8_t *picture, int w, int h)
{
	struct reader_options reader = { .fill_value = { 123.675, 116.28,
							 103.53 },
					 .interp = c->interp,
					 .scale = c->scaled,
					 .mean_std = c->mean_std };
	size_t area = (size_t)c->w * (size_t)c->h;
	float *out = fl_calloc(3 * area, sizeof(float)), *planes;
	struct transform t = { 0 };
	struct image im = { 0 };

	memcpy(reader.mean, mean, sizeof(mean));
	memcpy(reader.std, deviation, sizeof(deviation));
	image_resize_buffer(&im, w, h);
	memcpy(im.rgb, picture, 3 * (size_t)w * (size_t)h);
	if (c->in_8bit)
		transform_eval(&t, &reader, &im, c->w, c->h, out);
	else
		transform_train(&t, &reader, &im, &c->draws, c->interp, c->w,
				c->h, out);
	image_release(&im);
	transform_release(&t);
	if (!c->planes)
		return out;
	planes = fl_calloc(3 * area, sizeof(float));
	for (size_t i = 0; i < 3 * area; i++)
		planes[i % 3 * area + i / 3] = out[i];
	free(out);
	return planes;
}

double transform_case_limit(const struct transform_case *c)
{
	double limit = c->interp == INTERP_LANCZOS4 ? 1e-3 : 1e-4;

	if (c->resized)
		return c->mean_std ? limit / 0.224 + 1e-6 : 255 * limit;
	/* float32 products and quotients may round once differently */
	return c->scaled ? 5e-7 : 0;
}

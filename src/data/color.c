#include "data/transform.h"

#include <math.h>

/* Pillow's colour enhancers, bit for bit. Blends are float32: a + f (b - a),
 * cut to an integer, clipped to 0 .. 255. */

static int luma(const uint8_t *p)
{
	return (int)((19595u * p[0] + 38470u * p[1] + 7471u * p[2] + 32768u) >>
		     16);
}

static uint8_t blend(int a, int b, float f)
{
	float v = (float)a + f * (float)(b - a);

	return v <= 0 ? 0 : v >= 255 ? 255 : (uint8_t)v;
}

struct region {
	struct image *im;
	int x0, y0, x1, y1;
};

static uint8_t *row_of(const struct region *r, int y)
{
	return r->im->rgb + ((size_t)y * (size_t)r->im->w + (size_t)r->x0) * 3;
}

/* Brightness (towards black) and contrast (towards a grey): one table. */
static void towards(const struct region *r, int grey, float f)
{
	uint8_t table[256];
	int n = (r->x1 - r->x0) * 3;

	for (int v = 0; v < 256; v++)
		table[v] = blend(grey, v, f);
	for (int y = r->y0; y < r->y1; y++) {
		uint8_t *p = row_of(r, y);

		for (int i = 0; i < n; i++)
			p[i] = table[p[i]];
	}
}

static int mean_luma(const struct image *im)
{
	size_t n = (size_t)im->w * (size_t)im->h;
	uint64_t sum = 0;

	for (size_t i = 0; i < n; i++)
		sum += (uint64_t)luma(im->rgb + 3 * i);
	return (int)((double)sum / (double)n + 0.5);
}

static void saturation(const struct region *r, float f)
{
	for (int y = r->y0; y < r->y1; y++) {
		uint8_t *p = row_of(r, y);

		for (int x = r->x0; x < r->x1; x++, p += 3) {
			int grey = luma(p);

			for (int c = 0; c < 3; c++)
				p[c] = blend(grey, p[c], f);
		}
	}
}

/* Hue and saturation of a pixel in 8 bits; the roundings are Pillow's. */
static void to_hsv(const uint8_t *p, int *h, int *s)
{
	int max = p[0] > p[1] ? p[0] : p[1], min = p[0] < p[1] ? p[0] : p[1];
	float c, rc, gc, bc, h6, turn;

	max = p[2] > max ? p[2] : max;
	min = p[2] < min ? p[2] : min;
	*h = *s = 0;
	if (max == min)
		return;
	c = (float)(max - min);
	rc = (float)(max - p[0]) / c;
	gc = (float)(max - p[1]) / c;
	bc = (float)(max - p[2]) / c;
	if (p[0] == max)
		h6 = bc - gc;
	else if (p[1] == max)
		h6 = (float)(2.0 + (double)rc - (double)bc);
	else
		h6 = (float)(4.0 + (double)gc - (double)rc);
	/* h6 / 6 + 1 lies in (5/6, 11/6]: its fraction without fmod */
	{
		double v = (double)h6 / 6.0 + 1.0;

		turn = (float)(v >= 1.0 ? v - 1.0 : v);
	}
	*h = (int)((double)turn * 255.0);
	*s = (int)((double)(c / (float)max) * 255.0);
	*h = *h > 255 ? 255 : *h;
}

static uint8_t rounded(double v)
{
	v = v + 0.5; /* never negative here, so half goes away from zero */
	return v >= 255 ? 255 : (uint8_t)v;
}

/* Back from a new hue; v is the largest channel. sector and f are the hue's. */
static void from_hsv(uint8_t *out, int sector, float f, int s, int v)
{
	float fs = (float)(s / 255.0);
	uint8_t p = rounded(v * (1.0 - (double)fs));
	uint8_t q = rounded(v * (1.0 - (double)fs * (double)f));
	uint8_t t = rounded(v * (1.0 - (double)fs * (1.0 - (double)f)));
	uint8_t m = (uint8_t)v;
	const uint8_t rgb[6][3] = { { m, t, p }, { q, m, p }, { p, m, t },
				    { p, q, m }, { t, p, m }, { m, p, q } };

	for (int c = 0; c < 3; c++)
		out[c] = rgb[sector][c];
}

static void hue(const struct region *r, double delta)
{
	int turned[256], sector[256];
	float f[256];

	for (int h = 0; h < 256; h++) {
		double v;

		turned[h] = (int)((unsigned)(int)(h + delta) & 255u);
		v = turned[h] * 6.0 / 255.0;
		sector[h] = (int)floor(v) % 6;
		f[h] = (float)(v - floor(v));
	}
	for (int y = r->y0; y < r->y1; y++) {
		uint8_t *p = row_of(r, y);

		for (int x = r->x0; x < r->x1; x++, p += 3) {
			int h, s, v = p[0] > p[1] ? p[0] : p[1];

			v = p[2] > v ? p[2] : v;
			to_hsv(p, &h, &s);
			if (s == 0)
				p[0] = p[1] = p[2] = (uint8_t)v;
			else
				from_hsv(p, sector[h], f[h], s, v);
		}
	}
}

void color_apply(struct image *im, const struct draws *d, int x0, int y0,
		 int x1, int y1)
{
	int contrast = -1;

	for (int i = 0; i < d->colors; i++)
		if (d->color[i] == COLOR_CONTRAST)
			contrast = i;
	for (int i = 0; i < d->colors; i++) {
		/* before contrast everything counts for its mean */
		struct region r = { im, 0, 0, im->w, im->h };
		float f = (float)d->factor[i];

		if (i >= contrast)
			r = (struct region){ im, x0, y0, x1, y1 };
		if (d->color[i] == COLOR_BRIGHTNESS)
			towards(&r, 0, f);
		else if (d->color[i] == COLOR_CONTRAST)
			towards(&r, mean_luma(im), f);
		else if (d->color[i] == COLOR_SATURATION)
			saturation(&r, f);
		else
			hue(&r, d->factor[i]);
	}
}

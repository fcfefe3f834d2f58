#include "data/transform.h"

#include "base/arena.h"
#include "data/axis.h"
#include "data/cubic.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The picture as the crop sees it: pasted on a canvas, cut, perhaps mirrored.
 * A row of it is made when the resize asks for it. */
struct view {
	const struct image *im;
	const struct draws *d;
	float fill[3];
};

static float *reserve(float **buffer, size_t *cap, size_t floats)
{
	if (floats > *cap) {
		*cap = floats;
		*buffer = fl_realloc(*buffer, floats * sizeof(float));
	}
	return *buffer;
}

void transform_release(struct transform *t)
{
	free(t->row);
	free(t->ring);
	free(t->fill);
	free(t->sum);
	free(t->ring_row);
	if (t->x)
		axis_release(t->x);
	if (t->y)
		axis_release(t->y);
	free(t->x);
	free(t->y);
	image_release(&t->resized);
	*t = (struct transform){ 0 };
}

static void make_axes(struct transform *t, int from_w, int from_h, int w, int h,
		      int interp)
{
	bool shrinks = from_w >= w && from_h >= h;

	if (!t->x) {
		t->x = fl_calloc(1, sizeof(*t->x));
		t->y = fl_calloc(1, sizeof(*t->y));
	}
	axis_make(t->x, from_w, w, interp, shrinks);
	axis_make(t->y, from_h, h, interp, shrinks);
}

/* Row y of the crop lies outside the picture altogether. */
static bool row_is_fill(const struct view *v, int y)
{
	int sy = v->d->crop_y + y - v->d->paste_y;

	return sy < 0 || sy >= v->im->h;
}

static void fill_range(const struct view *v, float *row, int from, int to)
{
	for (int x = from; x < to; x++)
		memcpy(row + 3 * x, v->fill, sizeof(v->fill));
}

static int bound(int x, int n)
{
	return x < 0 ? 0 : x > n ? n : x;
}

/* Row y of the crop, before the flip, as floats. */
static void view_row(const struct view *v, int y, float *row)
{
	const struct draws *d = v->d;
	int shift = d->crop_x - d->paste_x; /* picture x = crop x + shift */
	int from = bound(-shift, d->crop_w);
	int to = bound(v->im->w - shift, d->crop_w);
	int sy = d->crop_y + y - d->paste_y;
	const uint8_t *p;

	if (row_is_fill(v, y) || from >= to) {
		fill_range(v, row, 0, d->crop_w);
		return;
	}
	p = v->im->rgb +
	    ((size_t)sy * (size_t)v->im->w + (size_t)(from + shift)) * 3;
	fill_range(v, row, 0, from);
	for (int i = 0; i < 3 * (to - from); i++)
		row[3 * from + i] = (float)p[i];
	fill_range(v, row, to, d->crop_w);
}

/* Output pixel x reads the taps of its mirror image where the crop is
 * flipped: tap index i becomes w - 1 - i. */
static void mirror(struct axis *a, int from)
{
	for (int i = 0; i < a->n * a->taps; i++)
		a->index[i] = from - 1 - a->index[i];
}

#define TAPS(n)                         \
	case n:                         \
		sample(a, row, out, n); \
		break

static inline void sample(const struct axis *a, const float *row, float *out,
			  int taps)
{
	const int *index = a->index;
	const float *w = a->weight;

	for (int i = 0; i < a->n; i++, index += taps, w += taps) {
		float r = 0, g = 0, b = 0;

		for (int k = 0; k < taps; k++) {
			const float *p = row + 3 * index[k];

			r += w[k] * p[0];
			g += w[k] * p[1];
			b += w[k] * p[2];
		}
		out[3 * i] = r;
		out[3 * i + 1] = g;
		out[3 * i + 2] = b;
	}
}

static void resample_row(const struct axis *a, const float *row, float *out)
{
	switch (a->taps) {
		TAPS(1);
		TAPS(2);
		TAPS(4);
		TAPS(8);
	default:
		sample(a, row, out, a->taps);
	}
}

/* The resampled row y of the crop, from a ring that holds as many rows as an
 * output row has taps. */
static const float *ring_row(struct transform *t, const struct view *v, int y,
			     size_t width)
{
	size_t slot = (size_t)y % t->ring_rows;
	float *out = t->ring + slot * width;

	if (row_is_fill(v, y))
		return t->fill;
	if (t->ring_row[slot] != y) {
		view_row(v, y, t->row);
		resample_row(t->x, t->row, out);
		t->ring_row[slot] = y;
	}
	return out;
}

static void add_row(float *restrict sum, const float *restrict row, float w,
		    size_t n)
{
	for (size_t i = 0; i < n; i++)
		sum[i] += w * row[i];
}

/* numpy's order of roundings: float32 x / 255, the rest in float64. */
static void normalise(const struct recipe_reader *r, const float *from,
		      float *to, size_t pixels)
{
	const float factor = 1.0f / 255.0f;
	double mean[3] = { 0 }, std[3] = { 1, 1, 1 };

	for (int c = 0; r->mean_std && c < 3; c++) {
		mean[c] = (double)(float)r->mean[c];
		std[c] = (double)(float)r->std[c];
	}
	for (size_t i = 0; i < pixels; i++) {
		for (size_t c = 0; c < 3; c++) {
			float v = from[3 * i + c];

			v = r->scale ? v * factor : v;
			to[3 * i + c] =
				r->mean_std ? (float)(((double)v - mean[c]) /
						      std[c])
					    : v;
		}
	}
}

static void prepare(struct transform *t, const struct view *v, int w)
{
	size_t width = 3 * (size_t)w;
	size_t rows = (size_t)t->y->taps + 1;

	reserve(&t->row, &t->row_cap, 3 * (size_t)v->d->crop_w);
	reserve(&t->ring, &t->ring_cap, rows * width);
	reserve(&t->fill, &t->fill_cap, width);
	reserve(&t->sum, &t->sum_cap, width);
	if (rows > t->ring_row_cap) {
		t->ring_row = fl_realloc(t->ring_row, rows * sizeof(int));
		t->ring_row_cap = rows;
	}
	t->ring_rows = rows;
	for (size_t i = 0; i < rows; i++)
		t->ring_row[i] = -1;
	fill_range(v, t->row, 0, v->d->crop_w);
	resample_row(t->x, t->row, t->fill);
}

static void sample_view(struct transform *t, const struct recipe_reader *reader,
			const struct view *v, int w, int h, float *dst)
{
	size_t width = 3 * (size_t)w;

	prepare(t, v, w);
	for (int y = 0; y < h; y++) {
		const int *index = t->y->index + y * t->y->taps;
		const float *weight = t->y->weight + y * t->y->taps;

		memset(t->sum, 0, width * sizeof(float));
		for (int k = 0; k < t->y->taps; k++)
			if (weight[k] != 0)
				add_row(t->sum, ring_row(t, v, index[k], width),
					weight[k], width);
		normalise(reader, t->sum, dst + (size_t)y * width, (size_t)w);
	}
}

void transform_train(struct transform *t, const struct recipe_reader *reader,
		     struct image *picture, const struct draws *d, int interp,
		     int w, int h, float *dst)
{
	struct view v = { .im = picture, .d = d };
	int x0 = bound(d->crop_x - d->paste_x, picture->w);
	int y0 = bound(d->crop_y - d->paste_y, picture->h);

	for (int c = 0; c < 3; c++)
		v.fill[c] = (float)reader->fill_value[c];
	color_apply(picture, d, x0, y0,
		    bound(d->crop_x + d->crop_w - d->paste_x, picture->w),
		    bound(d->crop_y + d->crop_h - d->paste_y, picture->h));
	make_axes(t, d->crop_w, d->crop_h, w, h, interp);
	if (d->flip)
		mirror(t->x, d->crop_w);
	sample_view(t, reader, &v, w, h, dst);
}

void transform_eval(struct transform *t, const struct recipe_reader *reader,
		    const struct image *picture, int w, int h, float *dst)
{
	size_t pixels = (size_t)w * (size_t)h;
	struct recipe_reader plain = *reader;
	struct draws d;
	struct view v = { .im = picture, .d = &d };

	if (reader->interp == RECIPE_CUBIC) {
		image_resize_buffer(&t->resized, w, h);
		cubic_resize(picture, w, h, t->resized.rgb);
		for (size_t i = 0; i < 3 * pixels; i++)
			dst[i] = (float)t->resized.rgb[i];
	} else {
		plain.scale = plain.mean_std = false;
		draws_none(&d, picture->w, picture->h);
		make_axes(t, picture->w, picture->h, w, h, reader->interp);
		sample_view(t, &plain, &v, w, h, dst);
		for (size_t i = 0; i < 3 * pixels; i++)
			dst[i] = dst[i] < 0	? 0
				 : dst[i] > 255 ? 255
						: rintf(dst[i]);
	}
	normalise(reader, dst, dst, pixels);
}

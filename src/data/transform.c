/* From a decoded picture to its place in a batch, with all geometry in one
 * sampling; called by the loader's workers, each with its own struct transform.
 * The view is the picture as pasted, cut and mirrored, made row by row when the
 * resize asks; a ring keeps the rows that the taps still need. So a picture is
 * touched once whatever its chain, and only pixels that reach the output are
 * computed. */
#include "data/transform.h"

#include "base/arena.h"
#include "data/axis.h"
#include "data/cubic.h"
#include "data/pixels.h"

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
	free(t->ring_row);
	free(t->taps);
	free(t->weights);
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
	/* OpenCV's area averages only where both axes shrink; otherwise both
	 * are linear. */
	bool shrinks = from_w >= w && from_h >= h;

	if (!t->x) {
		t->x = fl_calloc(1, sizeof(*t->x));
		t->y = fl_calloc(1, sizeof(*t->y));
	}
	axis_make(t->x, from_w, w, interp, shrinks);
	axis_make(t->y, from_h, h, interp, shrinks);
}

/* Row y of the crop lies outside the picture altogether: its resampled values
 * are the fill's own, which were computed once. */
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
	pixels_best()->widen(p, row + 3 * from, 3 * (size_t)(to - from));
	fill_range(v, row, to, d->crop_w);
}

/* Output pixel x reads the taps of its mirror image where the crop is
 * flipped: tap index i becomes w - 1 - i. */
static void mirror(struct axis *a, int from)
{
	for (int i = 0; i < a->n * a->taps; i++)
		a->index[i] = from - 1 - a->index[i];
}

/* The resampled row y of the crop. An output row needs as many rows as it has
 * taps, and the next one mostly the same, so each is resampled across once. */
static const float *ring_row(struct transform *t, const struct view *v, int y,
			     size_t stride)
{
	size_t slot = (size_t)y % t->ring_rows;
	float *out = t->ring + slot * stride;

	if (row_is_fill(v, y))
		return t->fill;
	if (t->ring_row[slot] != y) {
		view_row(v, y, t->row);
		pixels_best()->across(t->x, t->row, out);
		t->ring_row[slot] = y;
	}
	return out;
}

/* By value: a struct of tables that is made once a picture. */
static struct pixels_scale scale_of(const struct reader_options *r)
{
	struct pixels_scale scale;

	pixels_scale_make(&scale, r->scale, r->mean_std ? r->mean : NULL,
			  r->mean_std ? r->std : NULL);
	return scale;
}

/* Floats from one row of the ring to the next: a row and what across() writes
 * behind it. */
static size_t stride_of(int w)
{
	return 3 * (size_t)w + 1;
}

static void prepare(struct transform *t, const struct view *v, int w)
{
	size_t stride = stride_of(w);
	size_t rows = (size_t)t->y->taps + 1;

	reserve(&t->row, &t->row_cap, stride_of(v->d->crop_w));
	reserve(&t->ring, &t->ring_cap, rows * stride);
	reserve(&t->fill, &t->fill_cap, stride);
	if (rows > t->ring_row_cap) {
		t->ring_row = fl_realloc(t->ring_row, rows * sizeof(int));
		t->taps = fl_realloc(t->taps, rows * sizeof(*t->taps));
		t->weights = fl_realloc(t->weights, rows * sizeof(float));
		t->ring_row_cap = rows;
	}
	t->ring_rows = rows;
	/* The rows in the ring are the last picture's. */
	for (size_t i = 0; i < rows; i++)
		t->ring_row[i] = -1;
	t->row[3 * (size_t)v->d->crop_w] = 0; /* read, and used for nothing */
	fill_range(v, t->row, 0, v->d->crop_w);
	pixels_best()->across(t->x, t->row, t->fill);
}

static void sample_view(struct transform *t, const struct pixels_scale *scale,
			const struct view *v, int w, int h, float *dst)
{
	size_t width = 3 * (size_t)w;

	prepare(t, v, w);
	for (int y = 0; y < h; y++) {
		const int *index = t->y->index + y * t->y->taps;
		const float *weight = t->y->weight + y * t->y->taps;
		int count = 0;

		for (int k = 0; k < t->y->taps; k++)
			/* Area pads its taps with weights of 0 to the same
			 * number; a row that counts for nothing need not be
			 * made. */
			if (weight[k] != 0) {
				t->taps[count] =
					ring_row(t, v, index[k], stride_of(w));
				t->weights[count++] = weight[k];
			}
		pixels_best()->down(t->taps, t->weights, count, scale,
				    dst + (size_t)y * width, width);
	}
}

void transform_train(struct transform *t, const struct reader_options *reader,
		     struct image *picture, const struct draws *d, int interp,
		     int w, int h, float *dst)
{
	struct pixels_scale scale = scale_of(reader);
	struct view v = { .im = picture, .d = d };
	/* The part of the picture that the crop shows, in the picture's own
	 * pixels. */
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
	sample_view(t, &scale, &v, w, h, dst);
}

bool transform_fit(const struct reader_options *reader, const struct image *im,
		   int *w, int *h)
{
	double small = im->w < im->h ? im->w : im->h;
	double large = im->w < im->h ? im->h : im->w, scale;

	if (reader->fit_short == 0)
		return false;
	scale = fmin(reader->fit_short / small, reader->fit_long / large);
	/* The reference rounds so; of a picture like a thread it would leave
	 * nothing. */
	*w = (int)fmax(scale * im->w + 0.5, 1);
	*h = (int)fmax(scale * im->h + 0.5, 1);
	return true;
}

void transform_eval(struct transform *t, const struct reader_options *reader,
		    const struct image *picture, int w, int h, float *dst)
{
	size_t pixels = (size_t)w * (size_t)h;
	struct pixels_scale plain, scale = scale_of(reader);
	struct draws d;
	struct view v = { .im = picture, .d = &d };

	/* The reference's evaluation resizes 8-bit pixels, by Intel's own
	 * routine, whose bits cubic.c has; of the other interpolations only the
	 * rounding is met. */
	if (reader->interp == INTERP_CUBIC) {
		image_resize_buffer(&t->resized, w, h);
		cubic_resize(picture, w, h, t->resized.rgb);
		for (size_t i = 0; i < 3 * pixels; i++)
			dst[i] = (float)t->resized.rgb[i];
	} else {
		pixels_scale_make(&plain, false, NULL, NULL);
		draws_none(&d, picture->w, picture->h);
		make_axes(t, picture->w, picture->h, w, h, reader->interp);
		sample_view(t, &plain, &v, w, h, dst);
		for (size_t i = 0; i < 3 * pixels; i++)
			dst[i] = dst[i] < 0	? 0
				 : dst[i] > 255 ? 255
						: rintf(dst[i]);
	}
	pixels_best()->normalise(dst, &scale, dst, 3 * pixels);
}

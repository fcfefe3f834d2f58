/* transform.h - from a decoded picture and its boxes to a training or
 * evaluation tensor.
 *
 * What is random about an image is drawn first (struct draws, a function of
 * seed, epoch and image alone), then applied. Expansion, crop, flip and resize
 * become one sampling of the decoded picture that computes only the pixels of
 * the tensor; the values are those of doing one step after another. Colours
 * change in 8 bits, as Pillow does it, on the region that survives the crop;
 * contrast needs the mean of the whole picture, so steps before it run on all
 * of it.
 *
 * Source: ppdet/data/transform/{operators,batch_operators}.py; Pillow's Blend
 * and Convert; OpenCV's resize.
 *
 * Threads: one struct transform per thread; no allocation once its buffers
 * have grown to the largest picture.
 */
#ifndef FL_DATA_TRANSFORM_H
#define FL_DATA_TRANSFORM_H

#include "base/rng.h"
#include "data/options.h"
#include "image/image.h"

#include <stdbool.h>
#include <stdint.h>

enum {
	COLOR_BRIGHTNESS,
	COLOR_CONTRAST,
	COLOR_SATURATION,
	COLOR_HUE,
	COLORS
};

struct draws {
	int colors; /* how many colour steps, and in which order */
	int color[COLORS];
	double factor[COLORS];	/* of step i; hue: degrees of 256 */
	int canvas_w, canvas_h; /* after expansion; the picture's own: none */
	int paste_x, paste_y;
	int crop_x, crop_y, crop_w, crop_h; /* within the canvas */
	bool flip;
};

/* A box with its class on its way through the transforms. */
struct sample_box {
	float v[4];
	int label;
};

/* Draw for one image. boxes (count of them) are moved, clipped and filtered on
 * the way, into the pixels before the resize; returns how many are left. */
int draws_make(struct draws *d, const struct reader_options *reader,
	       struct fl_rng *rng, int w, int h, struct sample_box *boxes,
	       int count);
/* Nothing random: the whole picture. */
void draws_none(struct draws *d, int w, int h);
/* Whether a part is cut out; a crop of the whole canvas is none. */
bool draws_crops(const struct draws *d);
/* Move, clip and filter boxes by draws made before; returns how many are left. */
int draws_apply(struct draws *d, struct sample_box *boxes, int count, int w,
		int h);

/* Size (index into reader->sizes) and interpolation of a batch. */
void draws_batch(const struct reader_options *reader, struct fl_rng *rng,
		 int *size, int *interp);

/* Scale to the tensor's pixels and clip. */
void boxes_resize(struct sample_box *boxes, int count, int from_w, int from_h,
		  int to_w, int to_h);

/* The size of a picture that keeps its ratio and has no side longer than the
 * reader allows; false where the reader leaves pictures as they are. */
bool transform_fit(const struct reader_options *reader, const struct image *im,
		   int *w, int *h);

struct transform {
	/* a row of the crop; rows resampled across; such a row of nothing but
	 * fill */
	float *row, *ring, *fill;
	size_t row_cap, ring_cap, fill_cap;
	int *ring_row;	    /* which row each of ring_rows places holds */
	const float **taps; /* of an output row, with their weights */
	float *weights;
	size_t ring_rows, ring_row_cap;
	struct axis *x, *y;
	struct image resized;
};

void transform_release(struct transform *t);

/* The picture's pixels change (colours). dst: [h][w][3], normalised. */
void transform_train(struct transform *t, const struct reader_options *reader,
		     struct image *picture, const struct draws *d, int interp,
		     int w, int h, float *dst);
/* Resize in 8 bits (OpenCV's fixed point bicubic; other interpolations in
 * float and rounded), then normalise. */
void transform_eval(struct transform *t, const struct reader_options *reader,
		    const struct image *picture, int w, int h, float *dst);

/* The colour steps on rows y0 .. y1, columns x0 .. x1 at least. */
void color_apply(struct image *picture, const struct draws *d, int x0, int y0,
		 int x1, int y1);

#endif

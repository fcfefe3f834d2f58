/* What is random about one picture, drawn before any pixel is touched: colours,
 * canvas, crop, mirror; and what it does to the boxes. draws_make is called by
 * the loader's threads with the stream of that picture, so a picture's fate
 * depends on (seed, epoch, index) alone. The order of draws is the order of the
 * reference's transforms, and the odds are theirs; changing either changes
 * every run. tests/golden/test_draws.c holds the odds against the
 * reference's. */
#include "data/transform.h"

#include "box/box.h"

#include <math.h>

void draws_none(struct draws *d, int w, int h)
{
	*d = (struct draws){
		.canvas_w = w, .canvas_h = h, .crop_w = w, .crop_h = h
	};
}

/* RandomDistort: four steps in random order, each skipped every second time.
 * The factor is drawn before it is known whether it is used, so that each step
 * takes two draws and the stream is the same. */
static void draw_colors(struct draws *d, struct fl_rng *rng)
{
	int order[COLORS] = { 0, 1, 2, 3 };

	for (int i = COLORS - 1; i > 0; i--) {
		int j = (int)fl_rng_below(rng, (uint64_t)i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (int i = 0; i < COLORS; i++) {
		double f = order[i] == COLOR_HUE ? fl_rng_range(rng, -18, 18)
						 : fl_rng_range(rng, 0.5, 1.5);

		if (fl_rng_unit(rng) < 0.5)
			continue;
		d->color[d->colors] = order[i];
		d->factor[d->colors++] = f;
	}
}

static void paste_boxes(const struct draws *d, struct sample_box *boxes,
			int count)
{
	for (int i = 0; i < count; i++)
		for (int k = 0; k < 4; k++)
			boxes[i].v[k] +=
				(float)(k % 2 ? d->paste_y : d->paste_x);
}

static void draw_expand(struct draws *d, const struct reader_options *reader,
			struct fl_rng *rng, int w, int h,
			struct sample_box *boxes, int count)
{
	double ratio;
	int cw, ch;

	/* The reference's "prob" is the share that is left alone. */
	if (fl_rng_unit(rng) < reader->expand_prob)
		return;
	ratio = fl_rng_range(rng, 1, reader->expand_ratio);
	cw = (int)(w * ratio);
	ch = (int)(h * ratio);
	/* The reference expands only where both sides grow by a pixel at
	 * least. */
	if (cw <= w || ch <= h)
		return;
	d->canvas_w = d->crop_w = cw;
	d->canvas_h = d->crop_h = ch;
	d->paste_y = (int)fl_rng_below(rng, (uint64_t)(ch - h));
	d->paste_x = (int)fl_rng_below(rng, (uint64_t)(cw - w));
	paste_boxes(d, boxes, count);
}

/* A box stays if its centre lies in the crop and something of it is left. */
static bool stays(const float *b, const float *crop)
{
	float cx = (b[0] + b[2]) / 2, cy = (b[1] + b[3]) / 2;

	return cx >= crop[0] && cx < crop[2] && cy >= crop[1] && cy < crop[3] &&
	       fmaxf(b[0], crop[0]) < fminf(b[2], crop[2]) &&
	       fmaxf(b[1], crop[1]) < fminf(b[3], crop[3]);
}

/* One attempt at a crop whose best overlap reaches the threshold; crop: x, y,
 * width, height. The aspect is bounded so that neither side leaves the canvas,
 * and an attempt that is the whole canvas is none. */
static bool try_crop(const struct draws *d, struct fl_rng *rng,
		     double threshold, const struct sample_box *boxes,
		     int count, int crop[4])
{
	double s = fl_rng_range(rng, 0.3, 1);
	double lo = fmax(0.5, s * s), hi = fmin(2.0, 1 / (s * s));
	double a = fl_rng_range(rng, lo, hi);
	int ch = (int)(d->canvas_h * s / sqrt(a));
	int cw = (int)(d->canvas_w * s * sqrt(a));
	float rect[4], best = 0;
	bool any = false;

	if (ch < 1 || cw < 1 || ch > d->canvas_h || cw > d->canvas_w ||
	    (ch == d->canvas_h && cw == d->canvas_w))
		return false;
	crop[1] = ch < d->canvas_h
			  ? (int)fl_rng_below(rng, (uint64_t)(d->canvas_h - ch))
			  : 0;
	crop[0] = cw < d->canvas_w
			  ? (int)fl_rng_below(rng, (uint64_t)(d->canvas_w - cw))
			  : 0;
	crop[2] = cw;
	crop[3] = ch;
	rect[0] = (float)crop[0];
	rect[1] = (float)crop[1];
	rect[2] = (float)(crop[0] + cw);
	rect[3] = (float)(crop[1] + ch);
	for (int i = 0; i < count; i++) {
		best = fmaxf(best, box_iou(boxes[i].v, rect, 1e-10f));
		any |= stays(boxes[i].v, rect);
	}
	return any && (double)best >= threshold;
}

/* Cuts boxes to the crop and moves them to its corner; returns how many
 * stay. */
static int apply_crop(struct draws *d, const int crop[4],
		      struct sample_box *boxes, int count)
{
	float rect[4] = { (float)crop[0], (float)crop[1],
			  (float)(crop[0] + crop[2]),
			  (float)(crop[1] + crop[3]) };
	int kept = 0;

	d->crop_x = crop[0];
	d->crop_y = crop[1];
	d->crop_w = crop[2];
	d->crop_h = crop[3];
	for (int i = 0; i < count; i++) {
		struct sample_box b = boxes[i];

		if (!stays(b.v, rect))
			continue;
		for (int k = 0; k < 4; k++) {
			float v = fminf(fmaxf(b.v[k], rect[k % 2]),
					rect[2 + k % 2]);

			b.v[k] = v - rect[k % 2];
		}
		boxes[kept++] = b;
	}
	return kept;
}

/* RandomCrop: six overlaps and "no crop" in random order, 50 tries each. */
static int draw_crop(struct draws *d, struct fl_rng *rng,
		     struct sample_box *boxes, int count)
{
	static const double thresholds[7] = { 0, .1, .3, .5, .7, .9, -1 };
	int order[7] = { 0, 1, 2, 3, 4, 5, 6 }, crop[4];

	/* Overlap with nothing means nothing: the picture stays whole. */
	if (count == 0)
		return 0;
	for (int i = 6; i > 0; i--) {
		int j = (int)fl_rng_below(rng, (uint64_t)i + 1), t = order[i];

		order[i] = order[j];
		order[j] = t;
	}
	for (int i = 0; i < 7; i++) {
		double threshold = thresholds[order[i]];

		/* "No crop" has come up. */
		if (threshold < 0)
			return count;
		for (int tries = 0; tries < 50; tries++)
			if (try_crop(d, rng, threshold, boxes, count, crop))
				return apply_crop(d, crop, boxes, count);
	}
	return count;
}

/* The right edge becomes the left one, measured from the other side. */
static void flip_boxes(const struct draws *d, struct sample_box *boxes,
		       int count)
{
	for (int i = 0; i < count; i++) {
		float x1 = boxes[i].v[0];

		boxes[i].v[0] = (float)d->crop_w - boxes[i].v[2];
		boxes[i].v[2] = (float)d->crop_w - x1;
	}
}

int draws_make(struct draws *d, const struct reader_options *reader,
	       struct fl_rng *rng, int w, int h, struct sample_box *boxes,
	       int count)
{
	draws_none(d, w, h);
	if (reader->distort)
		draw_colors(d, rng);
	if (reader->expand)
		draw_expand(d, reader, rng, w, h, boxes, count);
	if (reader->crop)
		count = draw_crop(d, rng, boxes, count);
	if (reader->flip && fl_rng_unit(rng) < reader->flip_prob) {
		d->flip = true;
		flip_boxes(d, boxes, count);
	}
	return count;
}

bool draws_crops(const struct draws *d)
{
	return d->crop_w != d->canvas_w || d->crop_h != d->canvas_h;
}

/* In the order of draws_make(): each works in the pixels of the one before
 * it. */
int draws_apply(struct draws *d, struct sample_box *boxes, int count, int w,
		int h)
{
	const int crop[4] = { d->crop_x, d->crop_y, d->crop_w, d->crop_h };

	if (d->canvas_w != w || d->canvas_h != h)
		paste_boxes(d, boxes, count);
	if (draws_crops(d))
		count = apply_crop(d, crop, boxes, count);
	if (d->flip)
		flip_boxes(d, boxes, count);
	return count;
}

/* All five with equal odds, in the order of the reference's list. */
void draws_batch(const struct reader_options *reader, struct fl_rng *rng,
		 int *size, int *interp)
{
	static const int interps[5] = { INTERP_NEAREST, INTERP_LINEAR,
					INTERP_AREA, INTERP_CUBIC,
					INTERP_LANCZOS4 };

	*size = reader->random_size
			? (int)fl_rng_below(rng, (uint64_t)reader->size_count)
			: 0;
	*interp = reader->random_interp ? interps[fl_rng_below(rng, 5)]
					: reader->interp;
}

void boxes_resize(struct sample_box *boxes, int count, int from_w, int from_h,
		  int to_w, int to_h)
{
	/* The reference keeps factors and boxes in float32, and clips after
	 * scaling. */
	float fx = (float)((double)to_w / from_w);
	float fy = (float)((double)to_h / from_h);

	for (int i = 0; i < count; i++)
		for (int k = 0; k < 4; k++) {
			float v = boxes[i].v[k] * (k % 2 ? fy : fx);
			float most = (float)(k % 2 ? to_h : to_w);

			boxes[i].v[k] = v < 0 ? 0 : v > most ? most : v;
		}
}

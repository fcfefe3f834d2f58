/* The size of every picture from its header, as decoding gives it (EXIF's turn
 * included), by all cores; then the boxes: from shares to pixels, clipped to
 * their picture, those without an area left out. Called once by layout_read(),
 * behind the reader: only now shares can become pixels. */
#include "data/layout/layout_priv.h"

#include "base/log.h"
#include "base/par.h"
#include "base/str.h"
#include "image/image.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdio.h>

/* The lock guards the list of odds and the counter; an image is touched only by
 * the thread that measures it. */
struct measure {
	struct labels *labels;
	pthread_mutex_t lock;
	size_t done;
};

static void take_size(struct measure *m, struct label_image *im,
		      const char *full)
{
	struct image_info info = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct labels *l = m->labels;
	int rc = image_measure(full, &info, &err);

	pthread_mutex_lock(&m->lock);
	fl_progress("looking at pictures %zu/%zu", ++m->done, l->image_count);
	if (rc != 0) {
		im->gone = true;
		labels_odd(l, ODD_UNREADABLE, "%s", err.text);
	} else if (im->w && im->h && (im->w != info.w || im->h != info.h)) {
		/* Sides swapped: the tool that labelled it did not look at
		 * EXIF, so its boxes lie in the unturned picture. */
		labels_odd(l, ODD_SIZE, "%s is %dx%d, stated %dx%d%s", im->path,
			   info.w, info.h, im->w, im->h,
			   im->w == info.h && im->h == info.w
				   ? ": labelled before it was turned?"
				   : "");
	}
	im->w = info.w;
	im->h = info.h;
	pthread_mutex_unlock(&m->lock);
}

static void take_sizes(void *ctx, size_t first, size_t last, int chunk)
{
	struct measure *m = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		struct label_image *im = &m->labels->images[i];
		char full[2 * PATH_MAX];

		snprintf(full, sizeof(full), "%s/%s", m->labels->tree.root,
			 im->path);
		take_size(m, im, full);
	}
}

static double within(double v, double most)
{
	return v < 0 ? 0 : v > most ? most : v;
}

/* false: nothing of it is left. What is cut off is told from half a pixel on:
 * less is the rounding of tools that write whole numbers. */
static bool clip(struct labels *l, const struct label_image *im,
		 struct label_box *b)
{
	double w = im->w, h = im->h;
	double x0 = within(b->x, w), x1 = within(b->x + b->w, w);
	double y0 = within(b->y, h), y1 = within(b->y + b->h, h);
	/* Below a thousandth of a pixel it is the last digit of a decimal. */
	double cut = fmax(fmax(x0 - b->x, b->x + b->w - x1),
			  fmax(y0 - b->y, b->y + b->h - y1));

	if (b->w < 0 || b->h < 0) {
		labels_odd(l, ODD_SWAPPED, "%s: x %g to %g, y %g to %g of '%s'",
			   im->path, b->x, b->x + b->w, b->y, b->y + b->h,
			   l->classes[b->class]);
		return false;
	}
	if (!(b->w > 0) || !(b->h > 0)) {
		labels_odd(l, ODD_NO_AREA, "%s: %g x %g of '%s'", im->path,
			   b->w, b->h, l->classes[b->class]);
		return false;
	}
	if (x1 - x0 < 1e-3 || y1 - y0 < 1e-3) {
		labels_odd(l, ODD_OUTSIDE, "%s: [%g, %g, %g, %g] in %gx%g",
			   im->path, b->x, b->y, b->w, b->h, w, h);
		return false;
	}
	if (cut > 0.5)
		labels_odd(l, ODD_CLIPPED, "%s: [%g, %g, %g, %g] in %gx%g",
			   im->path, b->x, b->y, b->w, b->h, w, h);
	*b = (struct label_box){ x0, y0, x1 - x0, y1 - y0, b->class };
	return true;
}

/* Kept boxes move up within the image's range of the table; the gap behind them
 * stays, and no index of another image changes. */
static void take_boxes(struct labels *l, struct label_image *im)
{
	int kept = 0;

	for (int k = 0; k < im->count; k++) {
		struct label_box b = l->boxes[im->first + (size_t)k];

		if (l->shares) {
			b.x *= im->w, b.w *= im->w;
			b.y *= im->h, b.h *= im->h;
		}
		if (!im->gone && clip(l, im, &b))
			l->boxes[im->first + (size_t)kept++] = b;
	}
	im->count = kept;
	if (kept == 0 && !im->gone)
		labels_odd(l, ODD_EMPTY, "%s", im->path);
}

/* JSON is UTF-8: a name that is not could be written, and no reader would find
 * the file again. */
static bool is_utf8(const char *name)
{
	size_t n;

	for (; *name; name += n)
		if ((n = fl_utf8_len(name)) == 0)
			return false;
	return true;
}

int layout_measure(struct labels *l, struct fl_err *err)
{
	struct measure m = { .labels = l };

	pthread_mutex_init(&m.lock, NULL);
	/* One picture a piece: a network folder answers in its own time. */
	fl_par_for(l->image_count, 1, take_sizes, &m);
	pthread_mutex_destroy(&m.lock);
	for (size_t i = 0; i < l->image_count; i++) {
		struct label_image *im = &l->images[i];

		if (!is_utf8(im->path)) {
			im->gone = true;
			labels_odd(l, ODD_NAME, "%s", im->path);
		}
		take_boxes(l, im);
	}
	for (size_t i = 0; i < l->image_count; i++)
		if (!l->images[i].gone)
			return 0;
	return fl_fail(
		err, FL_EDATA, "none of the %zu pictures can be read: %s",
		l->image_count,
		l->odd[ODD_UNREADABLE].count ? l->odd[ODD_UNREADABLE].text[0]
					     : "their names are not UTF-8");
}

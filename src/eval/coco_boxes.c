/* What the boxes of a file of detections seem to be, where they are not COCO's
 * x, y, width, height in pixels. A score of such boxes is a number like any
 * other, only far too low, so the evidence is sought here and told; the score
 * stays that of the file as it is.
 * The evidence is the ground truth: its boxes in a sample of the images, and how
 * many of them a detection meets as the file says and in each other reading.
 * Where detections meet nothing however they are read, the edges of the images
 * decide. Called once a score of files. */
#include "eval/coco_detections.h"

#include "box/box.h"

#include <stdlib.h>

#define SAMPLE 200	  /* images: enough for shares of a percent */
#define MEETS 0.5	  /* IoU: the least that any score counts */
#define TIMES_MORE 3	  /* boxes met than as x, y, width, height */
#define ONE_IN_MET 5	  /* boxes at least */
#define ONE_IN_MISSING 10 /* images have no detection */
#define ONE_IN_OVER 5	  /* detections at least leave their image */

enum box_layout {
	XYWH,
	CENTRES,
	CORNERS,
	CORNERS_YX,
	LAYOUTS
};
enum box_unit {
	PIXELS,
	SHARES,
	THOUSANDTHS,
	UNITS
};

static const char *const layout_name[LAYOUTS] = {
	[XYWH] = "x, y, width, height",
	[CENTRES] = "centre x, centre y, width, height",
	[CORNERS] = "corners x1, y1, x2, y2",
	[CORNERS_YX] = "corners y1, x1, y2, x2",
};
static const char *const layout_cure[LAYOUTS] = {
	[XYWH] = "",
	[CENTRES] = "[x - width / 2, y - height / 2, width, height]",
	[CORNERS] = "[x1, y1, x2 - x1, y2 - y1]",
	[CORNERS_YX] = "[x1, y1, x2 - x1, y2 - y1]",
};
static const char *const unit_name[UNITS] = {
	[PIXELS] = "in pixels",
	[SHARES] = "in parts of the image (0 .. 1)",
	[THOUSANDTHS] = "in thousandths of the image (0 .. 1000)",
};
static const char *const unit_cure[UNITS] = {
	[PIXELS] = "",
	[SHARES] = ", times the image's width and height",
	[THOUSANDTHS] = ", times the image's width and height and / 1000",
};

/* A box of either side, in order of images. */
struct image_box {
	int64_t image_id;
	size_t at;
};
struct image_boxes {
	struct image_box *list;
	size_t count;
};

struct evidence {
	const struct annotations *truth;
	const struct coco_detection *list;
	struct image_boxes truths, found; /* of the sampled images */
};

static int by_image(const void *a, const void *b)
{
	const struct image_box *x = a, *y = b;

	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

static bool counts(const struct annotation_box *b)
{
	return b->image >= 0 && b->has_bbox && !b->crowd && b->w > 0 &&
	       b->h > 0;
}

/* Boxes of the truth, of SAMPLE images at most, evenly through their ids. */
static struct image_boxes sample_truths(const struct annotations *a)
{
	struct image_boxes e = { fl_calloc(a->box_count + 1, sizeof(*e.list)),
				 0 };
	size_t images = 0, seen = 0, kept = 0;

	for (size_t i = 0; i < a->box_count; i++)
		if (counts(&a->boxes[i]))
			e.list[e.count++] =
				(struct image_box){ a->boxes[i].image_id, i };
	qsort(e.list, e.count, sizeof(*e.list), by_image);
	for (size_t i = 0; i < e.count; i++)
		images +=
			i == 0 || e.list[i].image_id != e.list[i - 1].image_id;
	for (size_t i = 0, run; i < e.count; i += run, seen++) {
		bool taken =
			images <= SAMPLE ||
			seen * SAMPLE / images != (seen + 1) * SAMPLE / images;

		for (run = 0; i + run < e.count &&
			      e.list[i + run].image_id == e.list[i].image_id;
		     run++)
			if (taken)
				e.list[kept++] = e.list[i + run];
	}
	e.count = kept;
	return e;
}

/* The first of an image, or where it would stand. */
static size_t first_of(const struct image_boxes *e, int64_t image_id)
{
	size_t lo = 0, hi = e->count;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (e->list[mid].image_id < image_id)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static bool has_image(const struct image_boxes *e, int64_t image_id)
{
	size_t i = first_of(e, image_id);

	return i < e->count && e->list[i].image_id == image_id;
}

static struct image_boxes list_found(const struct coco_detection *d,
				     size_t count,
				     const struct image_boxes *truths)
{
	struct image_boxes e = { fl_calloc(count + 1, sizeof(*e.list)), 0 };

	for (size_t i = 0; i < count; i++)
		if (has_image(truths, d[i].image_id))
			e.list[e.count++] =
				(struct image_box){ d[i].image_id, i };
	qsort(e.list, e.count, sizeof(*e.list), by_image);
	return e;
}

/* v as corners, were it of that layout. */
static void read_as(enum box_layout layout, const double v[4], float out[4])
{
	bool swapped = layout == CORNERS_YX, corners = layout >= CORNERS;
	double back = layout == CENTRES ? 0.5 : 0;

	for (int k = 0; k < 2; k++) {
		double first = v[k ^ swapped], second = v[2 + (k ^ swapped)];

		first -= back * second;
		out[k] = (float)first;
		out[2 + k] = (float)(corners ? second : first + second);
	}
}

/* A size that is not stated makes NaN, which meets nothing. */
static void scale(enum box_unit unit, const struct annotation_image *im,
		  float box[4])
{
	double by = unit == SHARES ? 1 : 1000;

	for (int k = 0; unit != PIXELS && k < 4; k++)
		box[k] *= (float)((k % 2 ? im->height : im->width) / by);
}

/* Does any detection of the image meet the box? */
static bool is_met(const struct evidence *e, const struct annotation_box *t,
		   enum box_layout layout, enum box_unit unit)
{
	const double sides[4] = { t->x, t->y, t->w, t->h };
	size_t i = first_of(&e->found, t->image_id);
	float want[4], box[4];

	read_as(XYWH, sides, want);
	for (; i < e->found.count && e->found.list[i].image_id == t->image_id;
	     i++) {
		read_as(layout, e->list[e->found.list[i].at].bbox, box);
		scale(unit, &e->truth->images[t->image], box);
		if (box_iou(box, want, 1e-9f) >= MEETS)
			return true;
	}
	return false;
}

static size_t count_met(const struct evidence *e, enum box_layout layout,
			enum box_unit unit)
{
	size_t met = 0;

	for (size_t i = 0; i < e->truths.count; i++)
		met += is_met(e, &e->truth->boxes[e->truths.list[i].at], layout,
			      unit);
	return met;
}

/* Says so where another reading meets far more of the truth; false where the
 * truth does not settle it. */
static bool settled_by_truth(const struct evidence *e, struct fl_str *out)
{
	size_t all = e->truths.count, best = 0;
	size_t plain = count_met(e, XYWH, PIXELS);
	int layout = XYWH, unit = PIXELS;

	if (2 * plain >= all)
		return all > 0; /* most are met as they should be */
	for (int u = PIXELS; u < UNITS; u++)
		for (int k = XYWH; k < LAYOUTS; k++) {
			size_t met = count_met(e, (enum box_layout)k,
					       (enum box_unit)u);

			if (met > best) {
				best = met;
				layout = k;
				unit = u;
			}
		}
	if (best < TIMES_MORE * plain || best * ONE_IN_MET < all ||
	    (best < 2 && all > 1) || (layout == XYWH && unit == PIXELS))
		return false;
	fl_str_addf(
		out,
		"the boxes of the detections look like %s %s: read so they meet %zu of %zu "
		"boxes of the ground truth%s, as x, y, width, height in pixels %zu; "
		"the score takes them as the latter: write %s%s\n",
		layout_name[layout], unit_name[unit], best, all,
		e->truths.count < e->truth->box_count ? " looked at" : "",
		plain,
		layout == XYWH ? "x, y, width, height" : layout_cure[layout],
		unit_cure[unit]);
	return true;
}

/* Without a box of the truth that is met: what alone can be true. */
static void tell_by_edges(const struct annotations *a,
			  const struct coco_detection *d, size_t count,
			  struct fl_str *out)
{
	struct annotation_index images = annotations_index_images(a);
	size_t shares = 0, over = 0, not_corners = 0, sized = 0;

	for (size_t i = 0; i < count; i++) {
		int at = annotation_index_find(&images, d[i].image_id);
		const double *v = d[i].bbox;
		enum annotation_lie lie;

		if (at < 0)
			continue;
		shares += annotations_first_pixel(v[0], v[1], v[0] + v[2],
						  v[1] + v[3]);
		lie = annotations_lie(v, a->images[at].width,
				      a->images[at].height);
		over += lie == ANNOTATION_AS_CORNERS;
		not_corners += annotations_no_corners(v, a->images[at].width,
						      a->images[at].height);
		sized += a->images[at].width >= 1;
	}
	annotation_index_release(&images);
	if (shares == count)
		fl_str_addf(
			out,
			"all boxes of the detections (%zu) lie within 0 .. 1: parts of the image, and "
			"the score takes pixels; multiply by the image's width and height\n",
			count);
	else if (sized == count && not_corners * 50 <= count &&
		 over * ONE_IN_OVER >= count)
		fl_str_addf(
			out,
			"the boxes of the detections look like corners x1, y1, x2, y2: %zu of %zu "
			"reach over the edge as x, y, width, height, and %s as corners; "
			"the score takes them as the former: write %s\n",
			over, count, not_corners ? "hardly any" : "none",
			layout_cure[CORNERS]);
}

static void tell_negative(const struct coco_detection *d, size_t count,
			  struct fl_str *out)
{
	size_t negative = 0, first = 0;

	for (size_t i = count; i-- > 0;)
		if (d[i].bbox[2] < 0 || d[i].bbox[3] < 0) {
			negative++;
			first = i;
		}
	if (negative)
		fl_str_addf(
			out,
			"%zu %s a negative width or height and %s nothing "
			"(detection %zu first: [%g, %g, %g, %g])\n",
			negative,
			fl_plural(negative, "detection has", "detections have"),
			fl_plural(negative, "meets", "meet"), first,
			d[first].bbox[0], d[first].bbox[1], d[first].bbox[2],
			d[first].bbox[3]);
}

/* Of the sampled images, which all have boxes. */
static void tell_missing(const struct evidence *e, struct fl_str *out)
{
	const struct image_box *t = e->truths.list;
	size_t images = 0, without = 0, first = 0;
	char buf[TEXT_ID_ROOM];

	for (size_t i = 0; i < e->truths.count; i++) {
		if (i > 0 && t[i].image_id == t[i - 1].image_id)
			continue;
		images++;
		if (!has_image(&e->found, t[i].image_id) && without++ == 0)
			first = i;
	}
	if (without * ONE_IN_MISSING >= images && without > 0)
		fl_str_addf(
			out,
			"%zu of %zu %s with boxes %s no detection at all (image %s first): "
			"was the model run on all of them?\n",
			without, images, fl_plural(images, "image", "images"),
			fl_plural(without, "has", "have"),
			text_ids_show(&e->truth->ids, t[first].image_id, buf));
}

void coco_explain_boxes(const struct annotations *a,
			const struct coco_detection *list, size_t count,
			struct fl_str *out)
{
	struct evidence e = { .truth = a, .list = list };

	e.truths = sample_truths(a);
	e.found = list_found(list, count, &e.truths);
	tell_negative(list, count, out);
	if (count > 0)
		tell_missing(&e, out);
	if (count > 0 && !settled_by_truth(&e, out))
		tell_by_edges(a, list, count, out);
	free(e.truths.list);
	free(e.found.list);
}

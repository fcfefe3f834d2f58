/* What is wrong with a COCO annotation file and its pictures. Training mends or
 * leaves out much of it (data/dataset.c), scores follow pycocotools: each kind
 * says which of the two suffers. The tables are looked at first, by one thread;
 * then the pictures, by all cores. */
#include "data/check_priv.h"

#include "base/arena.h"
#include "base/par.h"
#include "data/image_files.h"
#include "image/image.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* null, 0, text: the reader made NaN or less than one of it. */
static bool states_size(const struct annotation_image *im)
{
	return im->width >= 1 && im->height >= 1;
}

static void check_image(struct check *c, const struct annotation_image *im)
{
	char path[PATH_MAX];
	enum image_found found = image_file_find(
		c->image_dir, im->file_name, c->flat_names, path, sizeof(path));

	if (!*im->file_name)
		return; /* told with the annotations */
	if (found == IMAGE_MENDED)
		check_complain(c, CHECK_MENDED_NAME, "'%s' is %s",
			       im->file_name, path);
	/* Counted for one hint at the end: the same line for each picture says
	 * no more. */
	if (found == IMAGE_ABSENT &&
	    image_file_lies_flat(c->image_dir, im->file_name)) {
		pthread_mutex_lock(&c->lock);
		c->lie_flat++;
		pthread_mutex_unlock(&c->lock);
	}
	check_file(c, path, states_size(im) ? im : NULL);
}

static void check_files(void *ctx, size_t first, size_t last, int chunk)
{
	struct check *c = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		check_image(c, &c->a->images[i]);
		check_decoded_one(c, c->a->image_count);
	}
}

/* Something with an id, and the file it speaks of: images, categories and
 * annotations are searched for twins by the same code. */
struct name_tag {
	int64_t id;
	const char *file;
};

static int by_id(const void *a, const void *b)
{
	const struct name_tag *x = a, *y = b;

	return x->id != y->id ? (x->id > y->id) - (x->id < y->id)
			      : strcmp(x->file, y->file);
}

static int by_file(const void *a, const void *b)
{
	const struct name_tag *x = a, *y = b;

	return strcmp(x->file, y->file);
}

/* Each id that stands in the list more than once is one complaint; of
 * annotations each that has it. */
static void count_twins(struct check *c, enum check_kind kind,
			struct name_tag *tags, size_t n, bool each)
{
	char id[TEXT_ID_ROOM];

	qsort(tags, n, sizeof(*tags), by_id);
	for (size_t i = 0, run; i < n; i += run) {
		/* A run of one id, sorted by file within. */
		for (run = 1; i + run < n && tags[i + run].id == tags[i].id;)
			run++;
		if (run == 1)
			continue;
		check_complain(c, kind, "id %s: %zu times, %s and %s",
			       text_ids_show(&c->a->ids, tags[i].id, id), run,
			       tags[i].file, tags[i + run - 1].file);
		c->more[kind] += each ? (long)run - 1 : 0;
	}
}

/* The same of names. */
static void count_names(struct check *c, enum check_kind kind,
			struct name_tag *tags, size_t n)
{
	qsort(tags, n, sizeof(*tags), by_file);
	for (size_t i = 1; i < n; i++)
		if (*tags[i].file &&
		    strcmp(tags[i].file, tags[i - 1].file) == 0 &&
		    (i < 2 || strcmp(tags[i].file, tags[i - 2].file) != 0))
			check_complain(c, kind, "%s", tags[i].file);
}

static const char *file_of(const struct annotations *a,
			   const struct annotation_box *b)
{
	return b->image < 0 ? "(no image)" : a->images[b->image].file_name;
}

/* One table for all three searches, as large as the three need. */
static void check_ids(struct check *c)
{
	const struct annotations *a = c->a;
	struct name_tag *tags =
		fl_calloc(a->image_count + a->box_count + a->category_count + 1,
			  sizeof(*tags));
	size_t n = 0;

	for (size_t i = 0; i < a->image_count; i++)
		tags[i] = (struct name_tag){ a->images[i].id,
					     a->images[i].file_name };
	count_twins(c, CHECK_DUPLICATE_IMAGE, tags, a->image_count, false);
	count_names(c, CHECK_DUPLICATE_FILE, tags, a->image_count);
	for (size_t i = 0; i < a->category_count; i++)
		tags[i] = (struct name_tag){ a->categories[i].id,
					     a->categories[i].name };
	count_twins(c, CHECK_DUPLICATE_CLASS, tags, a->category_count, false);
	count_names(c, CHECK_SAME_NAME, tags, a->category_count);
	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].has_id)
			tags[n++] =
				(struct name_tag){ a->boxes[i].id,
						   file_of(a, &a->boxes[i]) };
	count_twins(c, CHECK_DUPLICATE_BOX, tags, n, true);
	free(tags);
}

/* For people: the id as it stands in the file, and the picture. */
static const char *name_box(const struct check *c,
			    const struct annotation_box *b, char *out,
			    size_t size)
{
	char id[TEXT_ID_ROOM];

	snprintf(out, size, "annotation %s of %s",
		 b->has_id ? text_ids_show(&c->a->ids, b->id, id)
			   : "without an id",
		 file_of(c->a, b));
	return out;
}

static void check_place(struct check *c, const struct annotation_box *b,
			const char *what)
{
	const double *size = c->sizes[b->image];
	const double box[4] = { b->x, b->y, b->w, b->h };
	enum annotation_lie lie = annotations_lie(box, size[0], size[1]);

	if (annotations_first_pixel(b->x, b->y, b->x + b->w, b->y + b->h) &&
	    size[0] > 2 && size[1] > 2)
		check_complain(c, CHECK_FIRST_PIXEL, "%s: [%g, %g, %g, %g]",
			       what, b->x, b->y, b->w, b->h);
	else if (lie == ANNOTATION_OUTSIDE)
		check_complain(c, CHECK_OUTSIDE,
			       "%s: [%g, %g, %g, %g] in %gx%g", what, b->x,
			       b->y, b->w, b->h, size[0], size[1]);
	else if (lie != ANNOTATION_INSIDE)
		check_complain(c, CHECK_SMALL_OVERHANG, "%s", what);
	/* Both sides of the proof: one box that cannot be corners disproves
	 * it. */
	c->corners += lie == ANNOTATION_AS_CORNERS;
	c->corners_not += annotations_no_corners(box, size[0], size[1]);
}

static bool is_finite(const struct annotation_box *b)
{
	return isfinite(b->x) && isfinite(b->y) && isfinite(b->w) &&
	       isfinite(b->h);
}

/* In this order, for a box of no image or no numbers has no place to look
 * at. */
static void check_box(struct check *c, const struct annotation_box *b)
{
	char what[192], id[TEXT_ID_ROOM], why[160];

	name_box(c, b, what, sizeof(what));
	if (b->image < 0) {
		check_complain(c, CHECK_UNKNOWN_IMAGE, "%s: image %s", what,
			       text_ids_show(&c->a->ids, b->image_id, id));
		return;
	}
	if (b->category < 0)
		check_complain(c, CHECK_UNKNOWN_CATEGORY, "%s: category %s",
			       what,
			       text_ids_show(&c->a->ids, b->category_id, id));
	/* pycocotools marks "matched" by the id, so 0 reads as "not
	 * matched". */
	if (b->has_id && b->id == 0)
		check_complain(c, CHECK_ZERO_ID, "%s", what);
	if (!b->has_bbox) {
		check_complain(c, CHECK_NO_BBOX, "%s: %s", what,
			       annotations_fault(c->a, b, why, sizeof(why)));
		return;
	}
	if (!is_finite(b)) {
		check_complain(c, CHECK_NOT_FINITE, "%s: [%g, %g, %g, %g]",
			       what, b->x, b->y, b->w, b->h);
		return;
	}
	if (b->crowd)
		check_complain(c, CHECK_CROWD, "%s", what);
	if (!(b->w > 1e-5) || !(b->h > 1e-5) || !(b->area > 0)) {
		check_complain(c, CHECK_NO_AREA, "%s: %g x %g, area %g%s", what,
			       b->w, b->h, b->area,
			       b->w < 0 || b->h < 0
				       ? " (corners the wrong way round?)"
				       : "");
		return;
	}
	if (b->no_area)
		check_complain(c, CHECK_NO_AREA_FIELD, "%s", what);
	check_place(c, b, what);
}

/* The size that is stated, or that of the file, or none: infinite, so that
 * nothing lies outside. */
static void take_size(struct check *c, size_t i)
{
	const struct annotation_image *im = &c->a->images[i];
	struct fl_err bad = FL_ERR_INIT; /* told when it is decoded */
	struct image_info info;
	char path[PATH_MAX];

	c->sizes[i][0] = states_size(im) ? im->width : INFINITY;
	c->sizes[i][1] = states_size(im) ? im->height : INFINITY;
	if (im->width < 0 || im->height < 0)
		check_complain(c, CHECK_BAD_SIZE, "%s: %g x %g", im->file_name,
			       im->width, im->height);
	else if (!states_size(im))
		check_complain(c, CHECK_NO_SIZE, "%s: %g x %g", im->file_name,
			       im->width, im->height);
	if (states_size(im) || !c->image_dir || !*im->file_name ||
	    image_file_find(c->image_dir, im->file_name, c->flat_names, path,
			    sizeof(path)) == IMAGE_ABSENT ||
	    image_measure(path, &info, &bad) != 0)
		return;
	c->sizes[i][0] = info.w;
	c->sizes[i][1] = info.h;
}

/* After the boxes: only then it is known which image has none. */
static void check_images(struct check *c, const char *has_box)
{
	char id[TEXT_ID_ROOM];

	for (size_t i = 0; i < c->a->image_count; i++) {
		const struct annotation_image *im = &c->a->images[i];

		if (!*im->file_name)
			check_complain(c, CHECK_NO_NAME, "image %s",
				       text_ids_show(&c->a->ids, im->id, id));
		if (!has_box[i])
			check_complain(c, CHECK_NO_BOXES, "%s", im->file_name);
	}
}

static void check_annotations(struct check *c)
{
	const struct annotations *a = c->a;
	char *has = fl_calloc(a->image_count + 1, 1);

	c->sizes = fl_calloc(a->image_count + 1, sizeof(*c->sizes));
	for (size_t i = 0; i < a->image_count; i++)
		take_size(c, i);
	for (size_t i = 0; i < a->box_count; i++) {
		check_box(c, &a->boxes[i]);
		if (a->boxes[i].image >= 0)
			has[a->boxes[i].image] = 1;
	}
	check_images(c, has);
	check_ids(c);
	if (c->corners > 0 && c->corners_not == 0)
		check_complain(
			c, CHECK_CORNERS,
			"%ld %s over the edge as x, y, width, height, and none as "
			"corners",
			c->corners,
			fl_plural(c->corners, "box reaches", "boxes reach"));
	/* One example and a number: they are all alike. */
	if (a->mended_ids) {
		check_complain(c, CHECK_QUOTED_ID, "digits are matched");
		c->more[CHECK_QUOTED_ID] += (long)a->mended_ids - 1;
	}
	if (a->lvis)
		check_complain(c, CHECK_LVIS,
			       "scores of lvis-api differ from these");
	free(c->sizes);
	free(has);
}

/* Boxes by class come first in the report: that is what people look for. */
static void check_classes(struct check *c, int num_classes, FILE *to)
{
	const struct annotations *a = c->a;
	long *n = fl_calloc(a->category_count + 1, sizeof(*n));

	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].category >= 0)
			n[a->boxes[i].category]++;
	check_print_counts((long)a->image_count, (long)a->box_count,
			   (long)a->category_count, to);
	for (size_t i = 0; i < a->category_count; i++) {
		fprintf(to, "  %-24s %ld\n", a->categories[i].name, n[i]);
		if (n[i] == 0)
			check_complain(c, CHECK_UNUSED_CLASS, "%s",
				       a->categories[i].name);
	}
	if (a->category_count == 0)
		check_complain(c, CHECK_NO_CLASSES,
			       "no box can be given a class");
	else if (num_classes > 0 && (size_t)num_classes != a->category_count)
		check_complain(c, CHECK_CLASS_COUNT,
			       "num_classes %d, categories %zu", num_classes,
			       a->category_count);
	free(n);
}

/* Below the report's lines, indented as an example: one hint for all of
 * them. */
static void print_flat(const struct check *c, FILE *to)
{
	const char *name = "";

	for (size_t i = 0; !*name && i < c->a->image_count; i++)
		name = c->a->images[i].file_name;
	if (c->lie_flat)
		fprintf(to,
			"          %ld of %ld lie in '%s' under the last part of their "
			"names: set flat_names: true "
			"in the recipe's data set\n"
			"          (-o TrainDataset.flat_names=true "
			"EvalDataset.flat_names=true), or write '%s' for '%s'\n",
			c->lie_flat, c->count[CHECK_MISSING], c->image_dir,
			image_last_part(name), name);
}

/* Without image_dir the annotations alone; sizes that they do not state are
 * infinite then. */
int check_coco(const char *anno, const char *image_dir, bool flat_names,
	       int num_classes, FILE *to, long *suffers, struct fl_err *err)
{
	struct check c = { .image_dir = image_dir, .flat_names = flat_names };
	struct annotations a;
	int rc = annotations_read(anno, &a, err);

	if (rc != 0)
		return rc;
	c.a = &a;
	pthread_mutex_init(&c.lock, NULL);
	fprintf(to, "%s\n", anno);
	check_classes(&c, num_classes, to);
	check_annotations(&c);
	if (image_dir)
		fl_par_for(a.image_count, 1, check_files, &c);
	*suffers += check_print(&c, to);
	print_flat(&c, to);
	pthread_mutex_destroy(&c.lock);
	annotations_release(&a);
	return 0;
}

#include "data/check.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "box/annotations.h"
#include "data/dataset.h"
#include "image/image.h"

#include <limits.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 5 /* examples of each kind */

/* Kinds of complaint; those before FIRST_HARMFUL do not harm training. */
enum kind {
	NO_BOXES,
	CROWD,
	SMALL_OVERHANG,
	MISSING,
	UNREADABLE,
	DEEP,
	OTHER_SIZE,
	DUPLICATE_IMAGE,
	DUPLICATE_FILE,
	BAD_SIZE,
	NO_BBOX,
	NOT_FINITE,
	NO_AREA,
	OUTSIDE,
	UNKNOWN_CATEGORY,
	UNKNOWN_IMAGE,
	DUPLICATE_BOX,
	CLASS_COUNT,
	VOC_IMAGE,
	VOC_BOX,
	KINDS
};
#define FIRST_HARMFUL MISSING

static const char *const kind_text[KINDS] = {
	[NO_BOXES] = "images without a box (left out unless allow_empty)",
	[CROWD] = "crowd boxes (left out)",
	[SMALL_OVERHANG] =
		"boxes that reach over the edge (kept, clipped later)",
	[MISSING] = "images whose file is missing",
	[UNREADABLE] = "images that cannot be decoded",
	[DEEP] = "images of 16 bits a sample (cut to 8)",
	[OTHER_SIZE] = "images of another size than stated",
	[DUPLICATE_IMAGE] = "image ids that stand for several images",
	[DUPLICATE_FILE] = "files that are listed twice",
	[BAD_SIZE] = "images without a usable width and height",
	[NO_BBOX] = "annotations without a bbox of four numbers",
	[NOT_FINITE] = "boxes with NaN or infinity",
	[NO_AREA] = "boxes of no area",
	[OUTSIDE] = "boxes wholly outside their image",
	[UNKNOWN_CATEGORY] = "annotations of an unknown category",
	[UNKNOWN_IMAGE] = "annotations of an unknown image",
	[DUPLICATE_BOX] = "annotation ids that are used twice",
	[CLASS_COUNT] = "another number of classes than the recipe's",
	[VOC_IMAGE] = "pictures without a file, an annotation or a size",
	[VOC_BOX] = "boxes of no area within their picture",
};

struct check {
	pthread_mutex_t lock;
	long count[KINDS];
	char example[KINDS][SHOWN][256];
	const struct annotations *a;
	const char *image_dir;
	const struct dataset *voc;
	long decoded;
};

static void complain(struct check *c, enum kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));

static void complain(struct check *c, enum kind kind, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&c->lock);
	if (c->count[kind]++ < SHOWN) {
		va_start(ap, fmt);
		vsnprintf(c->example[kind][c->count[kind] - 1],
			  sizeof(c->example[kind][0]), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&c->lock);
}

static void check_file(struct check *c, const char *path,
		       const struct annotation_image *stated)
{
	struct image im = { 0 };
	struct image_info info = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;

	if (!fl_exists(path)) {
		complain(c, MISSING, "%s", path);
		return;
	}
	if (fl_map_open(&map, path, &err) != 0) {
		complain(c, UNREADABLE, "%s", err.text);
		return;
	}
	if (image_probe(map.data, map.size, &info, &err) != 0 ||
	    image_decode(map.data, map.size, &im, &err) != 0) {
		complain(c, UNREADABLE, "%s: %s", path, err.text);
	} else {
		if (info.bits > 8)
			complain(c, DEEP, "%s", path);
		if (stated && (stated->width != im.w || stated->height != im.h))
			complain(c, OTHER_SIZE, "%s is %dx%d, stated %gx%g",
				 path, im.w, im.h, stated->width,
				 stated->height);
	}
	image_release(&im);
	fl_map_close(&map);
}

static void decoded_one(struct check *c, size_t of)
{
	pthread_mutex_lock(&c->lock);
	c->decoded++;
	fl_progress("checking images %ld/%zu", c->decoded, of);
	pthread_mutex_unlock(&c->lock);
}

static void check_files(void *ctx, size_t first, size_t last, int chunk)
{
	struct check *c = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		const struct annotation_image *im = &c->a->images[i];
		char path[PATH_MAX];

		snprintf(path, sizeof(path), "%s/%s", c->image_dir,
			 im->file_name);
		check_file(c, path, im);
		decoded_one(c, c->a->image_count);
	}
}

/* Something with an id, and the file it speaks of. */
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

/* Each id that stands in the list more than once is one complaint. */
static void count_twins(struct check *c, enum kind kind, struct name_tag *tags,
			size_t n)
{
	qsort(tags, n, sizeof(*tags), by_id);
	for (size_t i = 1; i < n; i++)
		if (tags[i].id == tags[i - 1].id &&
		    (i < 2 || tags[i].id != tags[i - 2].id))
			complain(c, kind, "id %lld: %s and %s",
				 (long long)tags[i].id, tags[i - 1].file,
				 tags[i].file);
}

static const char *file_of(const struct annotations *a,
			   const struct annotation_box *b)
{
	return b->image < 0 ? "(no image)" : a->images[b->image].file_name;
}

static void check_ids(struct check *c)
{
	const struct annotations *a = c->a;
	size_t most =
		a->image_count > a->box_count ? a->image_count : a->box_count;
	struct name_tag *tags = fl_calloc(most + 1, sizeof(*tags));
	size_t n = 0;

	for (size_t i = 0; i < a->image_count; i++)
		tags[i] = (struct name_tag){ a->images[i].id,
					     a->images[i].file_name };
	count_twins(c, DUPLICATE_IMAGE, tags, a->image_count);
	qsort(tags, a->image_count, sizeof(*tags), by_file);
	for (size_t i = 1; i < a->image_count; i++)
		if (strcmp(tags[i].file, tags[i - 1].file) == 0 &&
		    (i < 2 || strcmp(tags[i].file, tags[i - 2].file) != 0))
			complain(c, DUPLICATE_FILE, "%s", tags[i].file);
	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].has_id)
			tags[n++] =
				(struct name_tag){ a->boxes[i].id,
						   file_of(a, &a->boxes[i]) };
	count_twins(c, DUPLICATE_BOX, tags, n);
	free(tags);
}

static void check_box(struct check *c, const struct annotation_box *b)
{
	const struct annotation_image *im;
	char what[192];

	if (b->image < 0) {
		complain(c, UNKNOWN_IMAGE, "annotation %lld: image %lld",
			 (long long)b->id, (long long)b->image_id);
		return;
	}
	snprintf(what, sizeof(what), "annotation %lld of %s", (long long)b->id,
		 file_of(c->a, b));
	if (b->category < 0)
		complain(c, UNKNOWN_CATEGORY, "%s: category %lld", what,
			 (long long)b->category_id);
	if (!b->has_bbox) {
		complain(c, NO_BBOX, "%s", what);
		return;
	}
	if (!isfinite(b->x) || !isfinite(b->y) || !isfinite(b->w) ||
	    !isfinite(b->h)) {
		complain(c, NOT_FINITE, "%s: [%g, %g, %g, %g]", what, b->x,
			 b->y, b->w, b->h);
		return;
	}
	if (b->crowd)
		complain(c, CROWD, "%s", what);
	if (!(b->w > 1e-5) || !(b->h > 1e-5) || !(b->area > 0)) {
		complain(c, NO_AREA, "%s: %g x %g, area %g", what, b->w, b->h,
			 b->area);
		return;
	}
	im = &c->a->images[b->image];
	if (b->x >= im->width || b->y >= im->height || b->x + b->w <= 0 ||
	    b->y + b->h <= 0)
		complain(c, OUTSIDE, "%s: [%g, %g, %g, %g] in %gx%g", what,
			 b->x, b->y, b->w, b->h, im->width, im->height);
	else if (b->x < -1 || b->y < -1 || b->x + b->w > im->width + 1 ||
		 b->y + b->h > im->height + 1)
		complain(c, SMALL_OVERHANG, "%s", what);
}

static void check_annotations(struct check *c)
{
	const struct annotations *a = c->a;
	char *has = fl_calloc(a->image_count + 1, 1);

	for (size_t i = 0; i < a->box_count; i++) {
		check_box(c, &a->boxes[i]);
		if (a->boxes[i].image >= 0)
			has[a->boxes[i].image] = 1;
	}
	for (size_t i = 0; i < a->image_count; i++) {
		const struct annotation_image *im = &a->images[i];

		if (!(im->width >= 1 && im->height >= 1))
			complain(c, BAD_SIZE, "%s: %g x %g", im->file_name,
				 im->width, im->height);
		if (!has[i])
			complain(c, NO_BOXES, "%s", im->file_name);
	}
	check_ids(c);
	free(has);
}

static void print_classes(const struct annotations *a, FILE *to)
{
	long *n = fl_calloc(a->category_count + 1, sizeof(*n));

	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].category >= 0)
			n[a->boxes[i].category]++;
	fprintf(to, "%zu images, %zu boxes, %zu classes:\n", a->image_count,
		a->box_count, a->category_count);
	for (size_t i = 0; i < a->category_count; i++)
		fprintf(to, "  %-24s %ld\n", a->categories[i].name, n[i]);
	free(n);
}

static long print_report(const struct check *c, FILE *to)
{
	long harmful = 0;

	for (int k = 0; k < KINDS; k++) {
		if (c->count[k] == 0)
			continue;
		fprintf(to, "%s %ld %s\n",
			k >= FIRST_HARMFUL ? "PROBLEM" : "note   ", c->count[k],
			kind_text[k]);
		for (int i = 0; i < SHOWN && i < c->count[k]; i++)
			fprintf(to, "          %s\n", c->example[k][i]);
		if (c->count[k] > SHOWN)
			fprintf(to, "          and %ld more\n",
				c->count[k] - SHOWN);
		if (k >= FIRST_HARMFUL)
			harmful += c->count[k];
	}
	return harmful;
}

int check_coco(const char *anno, const char *image_dir, int num_classes,
	       FILE *to, long *suffers, struct fl_err *err)
{
	struct check c = { .image_dir = image_dir };
	struct annotations a;
	int rc = annotations_read(anno, &a, err);

	if (rc != 0)
		return rc;
	c.a = &a;
	pthread_mutex_init(&c.lock, NULL);
	fprintf(to, "%s\n", anno);
	print_classes(&a, to);
	check_annotations(&c);
	if (num_classes > 0 && (size_t)num_classes != a.category_count)
		complain(&c, CLASS_COUNT, "num_classes %d, categories %zu",
			 num_classes, a.category_count);
	if (image_dir)
		fl_par_for(a.image_count, 1, check_files, &c);
	*suffers += print_report(&c, to);
	pthread_mutex_destroy(&c.lock);
	annotations_release(&a);
	return 0;
}

static void check_voc_files(void *ctx, size_t first, size_t last, int chunk)
{
	struct check *c = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		const struct data_image *im = &c->voc->images[i];
		const struct annotation_image stated = { .width = im->w,
							 .height = im->h };

		if (im->count == 0)
			complain(c, NO_BOXES, "%s", im->path);
		check_file(c, im->path, &stated);
		decoded_one(c, (size_t)c->voc->count);
	}
}

static void print_voc_classes(const struct dataset *d, FILE *to)
{
	long *n = fl_calloc((size_t)d->class_count + 1, sizeof(*n));

	for (int i = 0; i < d->count; i++)
		for (int k = 0; k < d->images[i].count; k++)
			n[d->images[i].classes[k]]++;
	fprintf(to, "%d images, %ld boxes, %d classes:\n", d->count, d->boxes,
		d->class_count);
	for (int i = 0; i < d->class_count; i++)
		fprintf(to, "  %-24s %ld\n", d->class_names[i], n[i]);
	free(n);
}

int check_voc(const struct recipe_dataset *recipe, int num_classes, FILE *to,
	      long *suffers, struct fl_err *err)
{
	struct recipe_dataset all = *recipe;
	struct check c = { 0 };
	char path[PATH_MAX];
	struct dataset d;
	int rc = dataset_anno_path(recipe, path, sizeof(path), err);

	all.allow_empty = true; /* empty pictures are looked at too */
	all.empty_ratio = 1;
	if (rc == 0)
		rc = dataset_open(&all, num_classes, &d, err);
	if (rc != 0)
		return rc;
	c.voc = &d;
	pthread_mutex_init(&c.lock, NULL);
	fprintf(to, "%s\n", path);
	print_voc_classes(&d, to);
	fl_par_for((size_t)d.count, 1, check_voc_files, &c);
	/* the reader has named the first of each in warnings */
	for (int i = 0; i < d.skipped_images; i++)
		complain(&c, VOC_IMAGE, "see the warning above");
	for (int i = 0; i < d.skipped_boxes; i++)
		complain(&c, VOC_BOX, "see the warning above");
	*suffers += print_report(&c, to);
	pthread_mutex_destroy(&c.lock);
	dataset_close(&d);
	return 0;
}

int check_pictures(const char *path, FILE *to, long *suffers,
		   struct fl_err *err)
{
	struct check c = { 0 };
	struct dataset d;
	int rc = dataset_open_pictures(fl_is_dir(path) ? NULL : path, path, &d,
				       err);

	if (rc != 0)
		return rc;
	pthread_mutex_init(&c.lock, NULL);
	for (int i = 0; i < d.count; i++)
		check_file(&c, d.images[i].path, NULL);
	fprintf(to, "%s: %d pictures\n", path, d.count);
	*suffers += print_report(&c, to);
	pthread_mutex_destroy(&c.lock);
	dataset_close(&d);
	return 0;
}

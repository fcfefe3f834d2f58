/* Opening a data set of whatever kind: paths first, then its files by its
 * kind's reader, then what all kinds must obey (check(), at the end of
 * dataset_open). Called by training, eval, infer and 'data check'. Everything
 * that would stop a training is found here, before a model is made: no
 * pictures, classes that do not fit the recipe, boxes outside. A list in a
 * sentence is cut at DATASET_SHOWN names, so that one broken export does not
 * scroll the reason away. */
#include "data/dataset_priv.h"

#include "base/file.h"
#include "base/log.h"
#include "base/rng.h"
#include "box/annotations.h"
#include "data/image_files.h"
#include "image/image.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

#define SHOWN DATASET_SHOWN

static int below_dir(const struct dataset_options *r, const char *name,
		     char *buf, size_t size, struct fl_err *err)
{
	return fl_join(buf, size, *r->dataset_dir ? r->dataset_dir : ".", name,
		       err);
}

int dataset_anno_path(const struct dataset_options *r, char *buf, size_t size,
		      struct fl_err *err)
{
	if (!*r->anno_path)
		return fl_fail(err, FL_ERECIPE,
			       "the recipe's data set has no 'anno_path'");
	return below_dir(r, r->anno_path, buf, size, err);
}

int dataset_image_dir(const struct dataset_options *r, char *buf, size_t size,
		      struct fl_err *err)
{
	if (!*r->image_dir) {
		snprintf(buf, size, "%s",
			 *r->dataset_dir ? r->dataset_dir : ".");
		return 0;
	}
	return below_dir(r, r->image_dir, buf, size, err);
}

const char *dataset_image_path(struct dataset *d,
			       const struct dataset_options *r,
			       const char *name, bool *there)
{
	struct fl_err long_path = FL_ERR_INIT;
	char dir[PATH_MAX], path[PATH_MAX];
	enum image_found found = IMAGE_ABSENT;

	snprintf(path, sizeof(path), "%s", name);
	if (dataset_image_dir(r, dir, sizeof(dir), &long_path) == 0)
		found = image_file_find(dir, name, r->flat_names, path,
					sizeof(path));
	/* Counted and told in one sentence behind all files. */
	d->mended_names += found == IMAGE_MENDED;
	*there = found != IMAGE_ABSENT;
	if (!*there && image_file_lies_flat(dir, name))
		d->flat_names++;
	return fl_arena_strdup(&d->arena, path);
}

/* Python's round(x, 3), which the reference calls, for the magnitudes of
 * pixels: halves to the even digit, as nearbyint has them. */
static float corner(double v)
{
	return (float)(nearbyint(v * 1000) / 1000);
}

/* The reference's three conditions, and numbers that are numbers: NaN and
 * infinity it lets through. */
static bool usable(const struct annotation_box *b)
{
	return b->has_bbox && b->area > 0 && b->w > 1e-5 && b->h > 1e-5 &&
	       isfinite(b->x) && isfinite(b->y) && isfinite(b->w) &&
	       isfinite(b->h);
}

/* All zeros is the reference's mark of "no box": not worth a word. */
static bool silent(const struct annotation_box *b)
{
	return !b->has_bbox ||
	       (b->x == 0 && b->y == 0 && b->w == 0 && b->h == 0);
}

/* Is the box trained on? If not, it is told only where a person could mean
 * it. */
static bool counts(struct dataset *d, const struct dataset_options *r,
		   const struct annotations *a, const struct annotation_box *b)
{
	char image[TEXT_ID_ROOM], category[TEXT_ID_ROOM];

	if ((b->crowd && !r->load_crowd) || b->ignore)
		return false;
	if (b->category >= 0 && usable(b))
		return true;
	if (!silent(b) && ++d->skipped_boxes <= SHOWN)
		fl_warn("image id %s: box (%g, %g, %g, %g), area %g, category %s is left out",
			text_ids_show(&a->ids, b->image_id, image), b->x, b->y,
			b->x + b->w, b->y + b->h, b->area,
			text_ids_show(&a->ids, b->category_id, category));
	return false;
}

/* Boxes by image: first[i] .. first[i + 1] in order[], both malloc's. Counting
 * sort: the file lists boxes in any order, and theirs within an image is
 * kept. */
static int *group(const struct annotations *a, int **first)
{
	int *order = fl_calloc(a->box_count + 1, sizeof(*order));
	int *at = fl_calloc(a->image_count + 2, sizeof(*at));

	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].image >= 0)
			at[a->boxes[i].image + 2]++;
	for (size_t i = 2; i < a->image_count + 2; i++)
		at[i] += at[i - 1];
	for (size_t i = 0; i < a->box_count; i++)
		if (a->boxes[i].image >= 0)
			order[at[a->boxes[i].image + 1]++] = (int)i;
	*first = at;
	return order;
}

/* Room for all n, of which some may not count: the arena is not given back. */
static void take_boxes(struct dataset *d, const struct dataset_options *r,
		       const struct annotations *a, const int *order, int n,
		       struct data_image *im)
{
	float(*boxes)[4] = fl_arena_array(&d->arena, (size_t)n, sizeof(*boxes));
	int *classes = fl_arena_array(&d->arena, (size_t)n, sizeof(*classes));

	for (int i = 0; i < n; i++) {
		const struct annotation_box *b = &a->boxes[order[i]];

		if (!counts(d, r, a, b))
			continue;
		d->first_pixel += annotations_first_pixel(
			b->x, b->y, b->x + b->w, b->y + b->h);
		boxes[im->count][0] = corner(b->x);
		boxes[im->count][1] = corner(b->y);
		boxes[im->count][2] = corner(b->x + b->w);
		boxes[im->count][3] = corner(b->y + b->h);
		classes[im->count++] = b->category;
	}
	im->boxes = (const float(*)[4])boxes;
	im->classes = classes;
	d->boxes += im->count;
}

/* By address where ids are equal, so that the last one in the file is the
 * last. */
static int by_id(const void *a, const void *b)
{
	const struct annotation_image *x = *(struct annotation_image *const *)a;
	const struct annotation_image *y = *(struct annotation_image *const *)b;

	if (x->id != y->id)
		return x->id < y->id ? -1 : 1;
	return x < y ? -1 : x > y;
}

void dataset_measure(struct dataset *d, struct data_image *im)
{
	struct fl_err bad = FL_ERR_INIT; /* found again when it is decoded */
	struct image_info info;

	/* A size that cannot be measured stays 0: such a picture fails when it
	 * is decoded, which is told there. */
	d->measured++;
	if (image_measure(im->path, &info, &bad) != 0)
		return;
	im->w = info.w;
	im->h = info.h;
}

static bool image_fits(struct dataset *d, const struct dataset_options *r,
		       const struct annotation_image *from,
		       const struct annotations *a, struct data_image *im)
{
	char id[TEXT_ID_ROOM];
	const char *why = NULL;
	bool there = false;

	im->path = from->file_name;
	if (!*from->file_name)
		why = "has no 'file_name'";
	else if (from->width < 0 || from->height < 0)
		why = "states a negative size";
	else
		im->path = dataset_image_path(d, r, from->file_name, &there);
	if (!why && !there)
		why = "is missing";
	if (why && ++d->skipped_images <= SHOWN)
		fl_warn("image %s '%s' %s and is left out",
			text_ids_show(&a->ids, from->id, id), im->path, why);
	if (why)
		return false;
	/* The stated size is believed, as by the reference, and no picture is
	 * opened. */
	if (from->width >= 1 && from->height >= 1 && from->width <= 1e6 &&
	    from->height <= 1e6) {
		im->w = (int)from->width;
		im->h = (int)from->height;
	} else {
		dataset_measure(d, im);
	}
	return true;
}

void dataset_append_empty(struct dataset *d, const struct dataset_options *r,
			  struct data_image *empty, int count)
{
	/* A stream of its own with a fixed seed: the same images stay in every
	 * run (docs/parity.md). */
	struct fl_rng rng = fl_rng_open(0, FL_RNG_SHUFFLE, 0, 0);
	int wanted = count;

	if (r->empty_ratio >= 0 && r->empty_ratio < 1)
		/* The reference's formula: of the whole, empty_ratio are
		 * empty. */
		wanted =
			(int)(d->count * r->empty_ratio / (1 - r->empty_ratio));
	/* each of those left has the same chance: order stays */
	for (int i = 0; i < count && wanted > 0; i++) {
		if ((int)fl_rng_below(&rng, (uint64_t)(count - i)) >= wanted)
			continue;
		d->images[d->count++] = empty[i];
		wanted--;
	}
}

/* Images in order of id, those without a box behind the others: the reference's
 * order, on which paddle's sampler depends. */
static void fill(struct dataset *d, const struct dataset_options *r,
		 const struct annotations *a)
{
	const struct annotation_image **sorted =
		fl_calloc(a->image_count + 1, sizeof(*sorted));
	struct data_image *empty =
		fl_calloc(a->image_count + 1, sizeof(*empty));
	int *first, *order = group(a, &first), empties = 0;

	d->images = fl_arena_array(&d->arena, a->image_count + 1,
				   sizeof(*d->images));
	for (size_t i = 0; i < a->image_count; i++)
		sorted[i] = &a->images[i];
	qsort(sorted, a->image_count, sizeof(*sorted), by_id);
	for (size_t i = 0; i < a->image_count; i++) {
		const struct annotation_image *from = sorted[i];
		int k = (int)(from - a->images);
		struct data_image im = { .id = from->id };

		if (i + 1 < a->image_count && sorted[i + 1]->id == from->id)
			continue; /* listed again: the last one counts */
		d->listed++;
		if (!image_fits(d, r, from, a, &im))
			continue;
		take_boxes(d, r, a, order + first[k], first[k + 1] - first[k],
			   &im);
		d->boxless += im.count == 0;
		/* A file without 'annotations' is a list of pictures. */
		if (im.count > 0 || !a->has_boxes)
			d->images[d->count++] = im;
		else if (r->allow_empty)
			empty[empties++] = im;
		/* As the reference: empty ones are not counted. */
		if (r->sample_num > 0 && d->count == r->sample_num)
			break;
	}
	dataset_append_empty(d, r, empty, empties);
	free(sorted);
	free(empty);
	free(order);
	free(first);
}

static void take_classes(struct dataset *d, const struct annotations *a)
{
	d->class_count = (int)a->category_count;
	d->class_names = fl_arena_array(&d->arena, a->category_count + 1,
					sizeof(*d->class_names));
	d->class_ids = fl_arena_array(&d->arena, a->category_count + 1,
				      sizeof(*d->class_ids));
	for (size_t i = 0; i < a->category_count; i++) {
		d->class_names[i] =
			fl_arena_strdup(&d->arena, a->categories[i].name);
		d->class_ids[i] = a->categories[i].id;
	}
}

/* The texts of ids outlive the tables: bbox.json is written with them. */
static void take_ids(struct dataset *d, struct annotations *a)
{
	d->ids = a->ids;
	a->ids = (struct text_ids){ 0 };
}

struct class_list dataset_classes(const struct dataset *d, const char *from)
{
	return (struct class_list){ d->class_count, d->class_names,
				    d->class_ids, from };
}

static int no_image(const struct dataset *d, const char *path,
		    struct fl_err *err)
{
	char hint[160] = "";

	if (d->flat_names)
		snprintf(
			hint, sizeof(hint),
			"%d of the files %s in the image folder under the last part of "
			"%s: "
			"flat_names: true takes that; ",
			d->flat_names, fl_plural(d->flat_names, "lies", "lie"),
			fl_plural(d->flat_names, "its name", "their names"));
	return fl_fail(
		err, FL_EDATA,
		"'%s' has no usable image: of %d listed, %d have no file or name and %d no "
		"box to train on (%d %s left out); "
		"%s'flotilla data check' tells why",
		path, d->listed, d->skipped_images, d->boxless,
		d->skipped_boxes,
		fl_plural(d->skipped_boxes, "box is", "boxes are"), hint);
}

static int check(const struct dataset *d, const char *path, int num_classes,
		 struct fl_err *err)
{
	if (d->class_count == 0)
		return fl_fail(
			err, FL_EDATA,
			"'%s' lists no categories, so no box has a class",
			path);
	/* 0 where classes are met by name later. */
	if (num_classes > 0 && d->class_count != num_classes)
		return fl_fail(
			err, FL_ERECIPE,
			"the recipe has num_classes %d, but '%s' has %d %s; set -o "
			"num_classes=%d",
			num_classes, path, d->class_count,
			fl_plural(d->class_count, "category", "categories"),
			d->class_count);
	if (d->listed == 0)
		return fl_fail(err, FL_EDATA, "'%s' lists no image", path);
	if (d->count == 0)
		return no_image(d, path, err);
	/* All of them: one such box may be a true one of a tiny object. */
	if (d->boxes > 0 && d->first_pixel == d->boxes)
		return fl_fail(
			err, FL_EDATA,
			"all %ld boxes of '%s' lie within 0 .. 1: they are parts of the image, "
			"and pixels are needed; multiply by width and height",
			d->boxes, path);
	return 0;
}

/* What was made of the file that it does not say itself. */
static void say_mended(const struct dataset *d, const char *path,
		       struct fl_str *said)
{
	if (d->measured)
		fl_str_addf(
			said,
			"%d %s of '%s' %s no usable size: it is taken from %s\n",
			d->measured, fl_plural(d->measured, "image", "images"),
			path, fl_plural(d->measured, "states", "state"),
			fl_plural(d->measured, "its file", "their files"));
	if (d->mended_names)
		fl_str_addf(
			said,
			"%d %s of '%s' %s under another spelling than written: "
			"/ for \\, without %%20, without the image folder, or with other "
			"capitals in the ending\n",
			d->mended_names,
			fl_plural(d->mended_names, "file", "files"), path,
			fl_plural(d->mended_names, "lies", "lie"));
	if (d->count > 0 && d->flat_names)
		fl_str_addf(
			said,
			"%d of the missing files %s in the image folder under the last "
			"part of %s: "
			"flat_names: true in the recipe's data set takes that\n",
			d->flat_names, fl_plural(d->flat_names, "lies", "lie"),
			fl_plural(d->flat_names, "its name", "their names"));
	if (d->first_pixel)
		fl_str_addf(
			said,
			"%ld %s of '%s' %s within 0 .. 1: parts of the image, and not "
			"pixels?\n",
			d->first_pixel,
			fl_plural(d->first_pixel, "box", "boxes"), path,
			fl_plural(d->first_pixel, "lies", "lie"));
}

int dataset_open(const struct dataset_options *r, int num_classes,
		 struct dataset *d, struct fl_err *err)
{
	struct fl_str said = FL_STR_INIT;
	struct annotations a;
	char path[PATH_MAX];
	int rc;

	*d = (struct dataset){ 0 };
	rc = dataset_anno_path(r, path, sizeof(path), err);
	if (rc == 0 && r->kind == DATASET_VOC) {
		rc = dataset_read_voc(d, r, err);
	} else if (rc == 0) {
		rc = annotations_read(path, &a, err);
		if (rc == 0) {
			take_classes(d, &a);
			fill(d, r, &a);
			annotations_explain(&a, &said);
			take_ids(d, &a);
			annotations_release(&a);
		}
	}
	if (d->skipped_images > SHOWN)
		fl_warn("%d images are left out in all", d->skipped_images);
	if (d->skipped_boxes > SHOWN)
		fl_warn("%d boxes are left out in all", d->skipped_boxes);
	say_mended(d, path, &said);
	/* Also before an error, for it may be the reason. */
	fl_warn_lines(&said);
	fl_str_release(&said);
	if (rc == 0)
		rc = check(d, path, num_classes, err);
	if (rc != 0)
		dataset_close(d);
	return rc;
}

void dataset_close(struct dataset *d)
{
	text_ids_release(&d->ids);
	fl_arena_release(&d->arena);
	*d = (struct dataset){ 0 };
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct data_image *)a)->path,
		      ((const struct data_image *)b)->path);
}

static void add_picture(struct dataset *d, int *cap, const char *path)
{
	/* In the arena, which cannot grow a piece: doubling leaves less behind
	 * than it uses. */
	if (d->count == *cap) {
		struct data_image *more;

		*cap = *cap ? 2 * *cap : 256;
		more = fl_arena_array(&d->arena, (size_t)*cap, sizeof(*more));
		if (d->count)
			memcpy(more, d->images,
			       (size_t)d->count * sizeof(*more));
		d->images = more;
	}
	d->images[d->count] =
		(struct data_image){ .id = d->count, .path = path };
	d->count++;
}

/* What lies beside the pictures and is none by its name: counted aloud, for a
 * folder of another kind of picture looks empty otherwise. */
struct passed {
	int count;
	char names[160]; /* the first few */
};

static void pass_over(struct passed *p, const char *name)
{
	size_t at = strlen(p->names);

	if (*name == '.')
		return;
	if (p->count++ < SHOWN)
		snprintf(p->names + at, sizeof(p->names) - at, "%s%s",
			 at ? ", " : "", name);
}

static void say_passed(const struct passed *p, const char *folder)
{
	if (p->count > 0)
		fl_warn("%d file%s of '%s' %s passed over, not named as pictures are (.jpg, .webp, ...): %s%s",
			p->count, fl_plural(p->count, "", "s"), folder,
			fl_plural(p->count, "is", "are"), p->names,
			p->count > SHOWN ? ", ..." : "");
}

int dataset_open_pictures(const char *file, const char *folder,
			  struct dataset *d, struct fl_err *err)
{
	struct passed passed = { 0 };
	struct dirent *entry;
	int cap = 0;
	DIR *dir;

	*d = (struct dataset){ 0 };
	if (file) {
		add_picture(d, &cap, fl_arena_strdup(&d->arena, file));
		return 0;
	}
	dir = opendir(folder);
	if (!dir)
		return fl_fail(err, FL_EDATA, "cannot open the folder '%s'",
			       folder);
	while ((entry = readdir(dir)) != NULL)
		if (image_is_named(entry->d_name))
			add_picture(d, &cap,
				    fl_arena_printf(&d->arena, "%s/%s", folder,
						    entry->d_name));
		/* Folders below are not entered, as by the reference; file
		 * systems that do not tell types have their folders counted
		 * here. */
		else if (entry->d_type != DT_DIR)
			pass_over(&passed, entry->d_name);
	closedir(dir);
	say_passed(&passed, folder);
	if (d->count == 0)
		return fl_fail(
			err, FL_EDATA,
			"no picture (.jpg, .jpeg, .png, .bmp, .webp, .tif, .tiff) in the folder '%s'",
			folder);
	qsort(d->images, (size_t)d->count, sizeof(*d->images), by_path);
	/* Ids are places in the sorted list, whatever order the folder was read
	 * in. */
	for (int i = 0; i < d->count; i++)
		d->images[i].id = i;
	return 0;
}

int dataset_read_classes(const struct dataset_options *r, struct dataset *d,
			 struct fl_err *err)
{
	struct annotations a;
	char path[PATH_MAX];
	int rc;

	*d = (struct dataset){ 0 };
	if (r->kind == DATASET_VOC)
		return dataset_read_voc_classes(d, r, err);
	rc = dataset_anno_path(r, path, sizeof(path), err);
	if (rc == 0 && fl_ends_with(path, ".txt"))
		return dataset_read_names(d, path, true, err);
	if (rc == 0)
		rc = annotations_read(path, &a, err);
	if (rc != 0)
		return rc;
	take_classes(d, &a);
	take_ids(d, &a);
	annotations_release(&a);
	return 0;
}

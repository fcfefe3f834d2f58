/* 'flotilla data check': complaints of each kind are counted, the first few
 * shown with the file they speak of. Pictures and VOC data sets here, COCO
 * files in check_coco.c, which calls check_file() and check_print() too. Every
 * picture is decoded, for a header that is whole says nothing of the pixels
 * behind it; all cores do it, so complaints go through one lock. */
#include "data/check_priv.h"

#include "base/arena.h"
#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "base/str.h"
#include "image/image.h"

#include <limits.h>
#include <stdlib.h>

/* What stands behind the number in the report's lines. Each says what becomes
 * of the case: what is harmless is a note, what is lost or wrong a problem
 * (CHECK_HARMFUL in check_priv.h divides them). */
static const char *const kind_text[CHECK_KINDS] = {
	[CHECK_NO_BOXES] =
		"{image|images} without a box (left out unless allow_empty)",
	[CHECK_CROWD] = "crowd {box|boxes} (left out)",
	[CHECK_SMALL_OVERHANG] =
		"{box that reaches|boxes that reach} over the edge (kept, clipped later)",
	[CHECK_ODD_FILE] =
		"{image that decodes whole, its file|images that decode whole, their files} not quite in order",
	[CHECK_OTHER_KIND] =
		"{image named as another kind than it is|images named as another kind than they are} (no harm)",
	[CHECK_PART_LOST] =
		"{image|images} of which a part is lost (decoded as OpenCV does)",
	[CHECK_MISSING] = "{image|images} whose file is missing",
	[CHECK_UNREADABLE] = "{image|images} that cannot be decoded",
	[CHECK_DEEP] = "{image|images} of 16 bits a sample (cut to 8)",
	[CHECK_OTHER_SIZE] = "{image|images} of another size than stated",
	[CHECK_DUPLICATE_IMAGE] =
		"image {id that stands|ids that stand} for several images",
	[CHECK_DUPLICATE_FILE] = "{file that is|files that are} listed twice",
	[CHECK_BAD_SIZE] = "{image|images} of a negative size (left out)",
	[CHECK_NO_BBOX] =
		"{annotation|annotations} without a bbox of four numbers",
	[CHECK_NOT_FINITE] = "{box|boxes} with NaN or infinity",
	[CHECK_NO_AREA] = "{box|boxes} of no area",
	[CHECK_OUTSIDE] =
		"{box wholly outside its|boxes wholly outside their} image",
	[CHECK_UNKNOWN_CATEGORY] =
		"{annotation|annotations} of an unknown category",
	[CHECK_UNKNOWN_IMAGE] = "{annotation|annotations} of an unknown image",
	[CHECK_DUPLICATE_BOX] =
		"{annotation|annotations} whose id others have too (scores suffer, training does not: "
		"COCO's scoring takes the last of an id for all of them)",
	[CHECK_ZERO_ID] =
		"{annotation|annotations} with id 0 (scores suffer, training does not: 0 means \"not "
		"matched\" "
		"in COCO's scoring, so the object counts as missed; number from 1)",
	[CHECK_NO_AREA_FIELD] =
		"{annotation|annotations} without 'area' (width x height of the box is taken)",
	[CHECK_QUOTED_ID] =
		"{annotation|annotations} with ids in quotes where the lists have none, or the reverse "
		"(matched)",
	[CHECK_NO_SIZE] =
		"{image|images} without a usable width and height (taken from the file)",
	[CHECK_MENDED_NAME] =
		"{file|files} under another spelling than written (found: / for \\, without %20, "
		"without the image folder, or with other capitals in the ending)",
	[CHECK_SAME_NAME] = "{name|names} that several categories have",
	[CHECK_UNUSED_CLASS] = "{category|categories} without a box",
	[CHECK_LVIS] =
		"{file|files} of LVIS (not every object is annotated: COCO's AP is not "
		"LVIS's own)",
	[CHECK_NO_NAME] = "{image|images} without a 'file_name'",
	[CHECK_FIRST_PIXEL] =
		"{box|boxes} within 0 .. 1: parts of the image, not pixels; multiply by width and "
		"height",
	[CHECK_CORNERS] =
		"{file|files} whose boxes look like corners x1, y1, x2, y2; COCO's are x, y, width, "
		"height",
	[CHECK_DUPLICATE_CLASS] =
		"category {id that is|ids that are} used twice",
	[CHECK_NO_CLASSES] = "{file|files} without 'categories'",
	[CHECK_CLASS_COUNT] =
		"{number of classes that is not|numbers of classes that are not}  the recipe's",
	[CHECK_VOC_IMAGE] =
		"{picture|pictures} without a file, an annotation or a size",
	[CHECK_VOC_BOX] =
		"{box of no area within its|boxes of no area within their} picture",
};

/* From any thread; those beyond CHECK_SHOWN are counted alone. */
void check_complain(struct check *c, enum check_kind kind, const char *fmt, ...)
{
	va_list ap;

	pthread_mutex_lock(&c->lock);
	if (c->count[kind]++ < CHECK_SHOWN) {
		va_start(ap, fmt);
		vsnprintf(c->example[kind][c->count[kind] - 1],
			  sizeof(c->example[kind][0]), fmt, ap);
		va_end(ap);
	}
	pthread_mutex_unlock(&c->lock);
}

/* What is worth a word of a picture that decodes. */
static void check_picture(struct check *c, const char *path,
			  const struct image_info *info, const struct image *im,
			  const struct annotation_image *stated)
{
	enum image_kind named = image_kind_named(path);

	if (im->lost)
		check_complain(c, CHECK_PART_LOST, "%s: %s", path, im->warning);
	else if (*im->warning)
		check_complain(c, CHECK_ODD_FILE, "%s: %s", path, im->warning);
	/* A JPEG named .png decodes by its bytes, here and in OpenCV. */
	if (named != IMAGE_UNKNOWN && named != info->kind)
		check_complain(c, CHECK_OTHER_KIND, "%s is %s", path,
			       image_kind_name(info->kind));
	if (info->bits > 8)
		check_complain(c, CHECK_DEEP, "%s", path);
	/* Boxes were drawn on a picture of the stated size. */
	if (stated && (stated->width != im->w || stated->height != im->h))
		check_complain(c, CHECK_OTHER_SIZE, "%s is %dx%d, stated %gx%g",
			       path, im->w, im->h, stated->width,
			       stated->height);
}

void check_file(struct check *c, const char *path,
		const struct annotation_image *stated)
{
	struct image im = { 0 };
	struct image_info info;
	struct fl_err err = FL_ERR_INIT;

	if (!fl_exists(path))
		check_complain(c, CHECK_MISSING, "%s", path);
	else if (image_measure(path, &info, &err) != 0 ||
		 image_read(path, &im, &err) != 0)
		check_complain(c, CHECK_UNREADABLE, "%s", err.text);
	else
		check_picture(c, path, &info, &im, stated);
	image_release(&im);
}

void check_decoded_one(struct check *c, size_t of)
{
	pthread_mutex_lock(&c->lock);
	c->decoded++;
	fl_progress("checking images %ld/%zu", c->decoded, of);
	pthread_mutex_unlock(&c->lock);
}

void check_print_counts(long images, long boxes, long classes, FILE *to)
{
	fprintf(to, "%ld %s, %ld %s, %ld %s:\n", images,
		fl_plural(images, "image", "images"), boxes,
		fl_plural(boxes, "box", "boxes"), classes,
		fl_plural(classes, "class", "classes"));
}

/* 'more' are those of a kind that have no example of their own. */
long check_print(const struct check *c, FILE *to)
{
	struct fl_str line = FL_STR_INIT;
	long harmful = 0;

	for (int k = 0; k < CHECK_KINDS; k++) {
		long all = c->count[k] + c->more[k];

		if (all == 0)
			continue;
		fl_str_clear(&line);
		fl_str_add_count(&line, all, kind_text[k]);
		fprintf(to, "%s %s\n",
			k >= CHECK_HARMFUL ? "PROBLEM" : "note   ",
			fl_str_get(&line));
		for (int i = 0; i < CHECK_SHOWN && i < c->count[k]; i++)
			fprintf(to, "          %s\n", c->example[k][i]);
		if (c->count[k] > CHECK_SHOWN)
			fprintf(to, "          and %ld more\n",
				c->count[k] - CHECK_SHOWN);
		if (k >= CHECK_HARMFUL)
			harmful += all;
	}
	fl_str_release(&line);
	return harmful;
}

/* A piece of fl_par_for(): pictures first .. last - 1 of the data set. */
static void check_voc_files(void *ctx, size_t first, size_t last, int chunk)
{
	struct check *c = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i++) {
		const struct data_image *im = &c->voc->images[i];
		const struct annotation_image stated = { .width = im->w,
							 .height = im->h };

		if (im->count == 0)
			check_complain(c, CHECK_NO_BOXES, "%s", im->path);
		for (int k = 0; k < im->count; k++)
			if (annotations_first_pixel(
				    im->boxes[k][0], im->boxes[k][1],
				    im->boxes[k][2], im->boxes[k][3]))
				check_complain(c, CHECK_FIRST_PIXEL, "%s",
					       im->path);
		check_file(c, im->path, &stated);
		check_decoded_one(c, (size_t)c->voc->count);
	}
}

/* Of what the reader kept: training sees no other boxes. */
static void print_voc_classes(const struct dataset *d, FILE *to)
{
	long *n = fl_calloc((size_t)d->class_count + 1, sizeof(*n));

	for (int i = 0; i < d->count; i++)
		for (int k = 0; k < d->images[i].count; k++)
			n[d->images[i].classes[k]]++;
	check_print_counts(d->count, d->boxes, d->class_count, to);
	for (int i = 0; i < d->class_count; i++)
		fprintf(to, "  %-24s %ld\n", d->class_names[i], n[i]);
	free(n);
}

int check_voc(const struct dataset_options *recipe, int num_classes, FILE *to,
	      long *suffers, struct fl_err *err)
{
	struct dataset_options all = *recipe;
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
		check_complain(&c, CHECK_VOC_IMAGE, "see the warning above");
	for (int i = 0; i < d.skipped_boxes; i++)
		check_complain(&c, CHECK_VOC_BOX, "see the warning above");
	*suffers += check_print(&c, to);
	pthread_mutex_destroy(&c.lock);
	dataset_close(&d);
	return 0;
}

/* Nothing where the header cannot be read: check_file tells why. */
static void describe(const char *path, FILE *to)
{
	struct fl_err err = FL_ERR_INIT;
	struct image_info info;

	if (image_measure(path, &info, &err) != 0)
		return;
	fprintf(to, "%s: %s, %dx%d, %d channel%s of %d bit%s", path,
		image_kind_name(info.kind), info.w, info.h, info.components,
		fl_plural(info.components, "", "s"), info.bits,
		fl_plural(info.bits, "", "s"));
	if (info.orientation > 1)
		fprintf(to, ", orientation %d (turned by it)",
			info.orientation);
	fprintf(to, "\n");
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
	/* By one thread, so that what is printed of each stands in order. */
	for (int i = 0; i < d.count; i++) {
		describe(d.images[i].path, to);
		check_file(&c, d.images[i].path, NULL);
	}
	fprintf(to, "%s: %d %s\n", path, d.count,
		fl_plural(d.count, "picture", "pictures"));
	*suffers += check_print(&c, to);
	pthread_mutex_destroy(&c.lock);
	dataset_close(&d);
	return 0;
}

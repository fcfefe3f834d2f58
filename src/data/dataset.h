/* dataset.h - the images and boxes that training and evaluation use.
 *
 * From a COCO annotation file by the reference's rules (ppdet/data/source/
 * coco.py): images in order of their ids; class index = place in the file's
 * category list; crowd and 'ignore' boxes left out; a box counts if its area
 * field is > 0 and both sides > 1e-5; corners rounded to 3 decimals and not
 * clipped; images without a box are left out unless allow_empty, then they
 * follow the others.
 *
 * Or from VOC's XML files by those of ppdet/data/source/voc.py, see
 * voc_dataset.c.
 *
 * Ownership: everything belongs to the data set. Read-only after opening, by
 * any number of threads.
 */
#ifndef FL_DATA_DATASET_H
#define FL_DATA_DATASET_H

#include "base/arena.h"
#include "base/digest.h"
#include "base/err.h"
#include "box/text_ids.h"
#include "data/options.h"
#include "data/classes.h"

#include <stdbool.h>
#include <stdint.h>

struct data_image {
	int64_t id;
	const char *path;
	int w, h; /* as the annotations say */
	int count;
	const float (*boxes)[4]; /* x1, y1, x2, y2 */
	const int *classes;
	const bool *difficult; /* of each box; NULL: none is */
};

struct dataset {
	struct fl_arena arena;
	struct data_image *images;
	int count;
	int class_count;
	const char **class_names;
	int64_t *class_ids;  /* category ids of the file; of VOC 0, 1, ... */
	struct text_ids ids; /* texts of ids of images and categories */
	long boxes;
	int skipped_images, skipped_boxes;
	int listed, boxless; /* images of the file; those without a box */
	int measured;	     /* images whose size is taken from their file */
	int mended_names;    /* files that are not called as written */
	int flat_names;	     /* missing files that lie in image_dir under the
				 last part of their name */
	long first_pixel;    /* boxes within 0 .. 1: parts, not pixels */
};

/* FL_EDATA, or FL_ERECIPE where the recipe names another number of classes.
 * Left-out images and boxes are counted and the first few named in warnings. */
int dataset_open(const struct dataset_options *recipe, int num_classes,
		 struct dataset *out, struct fl_err *err);
void dataset_close(struct dataset *dataset);

/* dataset_dir/anno_path and dataset_dir/image_dir, into buf. */
int dataset_anno_path(const struct dataset_options *recipe, char *buf,
		      size_t size, struct fl_err *err);
int dataset_image_dir(const struct dataset_options *recipe, char *buf,
		      size_t size, struct fl_err *err);

/* Pictures of a folder (not of its subfolders), or one file, in order of name:
 * for inference. Classes come from the recipe's annotation file. */
int dataset_open_pictures(const char *file, const char *folder,
			  struct dataset *out, struct fl_err *err);
/* Of names, sizes, classes and boxes; not of the folder, which may differ from
 * machine to machine. */
void dataset_digest(const struct dataset *dataset, char hex[FL_DIGEST_HEX]);
/* The same as a list, which borrows; from: where it stands, for people. */
struct class_list dataset_classes(const struct dataset *dataset,
				  const char *from);
/* Names and ids of classes alone: of a COCO file, of a list of names, or of a
 * VOC data set. */
int dataset_read_classes(const struct dataset_options *recipe,
			 struct dataset *out, struct fl_err *err);

#endif

/* annotations.h - a COCO annotation file as tables.
 *
 * Everything is kept as the file says it, in its order and in its doubles;
 * what is usable for training is decided by data/dataset.h, what counts in a
 * score by eval/coco_eval.h, what is wrong by data/check.h.
 *
 * What writers leave out or write otherwise, and what can mean one thing only,
 * is mended and counted: numbers in quotes; an id in quotes where the list has
 * the number, and the reverse; no area (width times height of the box stands
 * there then); no file_name but a coco_url (LVIS: its last two parts).
 *
 * Of images or categories that share an id the last stands for all of them, as
 * in pycocotools.
 *
 * Ownership: the tables and texts belong to the struct.
 */
#ifndef FL_BOX_ANNOTATIONS_H
#define FL_BOX_ANNOTATIONS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/file.h"
#include "box/text_ids.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct annotation_image {
	int64_t id;
	const char *file_name; /* "" where absent */
	double width, height;  /* NaN where absent or no number */
};

struct annotation_box {
	int64_t id, image_id, category_id;
	double x, y, w, h; /* NaN where absent or not finite */
	double area;	   /* NaN where absent and no box states it */
	bool has_id, has_bbox, crowd, ignore;
	bool no_area; /* the file states none */
	int image;    /* index in images, or -1 */
	int category; /* index in categories, or -1 */
};

struct annotation_category {
	int64_t id;
	const char *name;   /* "" where absent */
	const char *parent; /* "supercategory", "" where absent */
};

/* An annotation without a bbox of four numbers: its index, where, and why. */
struct annotation_fault {
	size_t box, line;
	const char *what; /* "'bbox' has 3 numbers" */
};

struct annotations {
	struct fl_arena arena;
	struct annotation_image *images;
	struct annotation_box *boxes;
	struct annotation_category *categories;
	size_t image_count, box_count, category_count;
	/* An index that boxes and texts lie in (annotations_store.h), size 0
	 * where they are the struct's own: such boxes are for reading only. */
	struct fl_map kept;
	struct text_ids ids; /* the text of an id: text_ids_get() */
	bool has_boxes;	     /* the file has an 'annotations' array */
	bool lvis;	     /* its marks are those of an LVIS file */
	size_t mended_areas; /* boxes whose area is width times height */
	size_t mended_ids;   /* boxes whose ids were quoted, or were not */
	struct annotation_fault *faults; /* in order of the boxes */
	size_t fault_count;
};

/* Of a huge file the tables are kept for the next time (annotations_store.h).
 * FL_EDATA with file and line where the file is no JSON or no COCO; files of
 * captions and of panoptic segments are called by their names. */
int annotations_read(const char *path, struct annotations *out,
		     struct fl_err *err);
void annotations_release(struct annotations *a);

/* Images or categories by id: sorted, read-only once made. */
struct annotation_index {
	struct annotation_place {
		int64_t id;
		int index;
	} * places;
	size_t count;
	/* Where ids are numbers without large gaps, as they mostly are: the
	 * index of id first + i, -1 where there is none. NULL otherwise. */
	int *dense;
	int64_t first, dense_count;
};
struct annotation_index annotations_index_images(const struct annotations *a);
struct annotation_index
annotations_index_categories(const struct annotations *a);
void annotation_index_release(struct annotation_index *index);
/* Index of an id, -1 when absent; of several, the last. */
int annotation_index_find(const struct annotation_index *index, int64_t id);
/* The same, where "7" stands for 7 too, and 7 for "7"; *mended is set where
 * that made the difference. */
int annotation_index_meant(const struct annotation_index *index,
			   const struct text_ids *ids, int64_t id,
			   bool *mended);
/* Of the annotations that a score counts: how many there are, how many ids they
 * have, how many share theirs with another, and of how many it is 0. */
struct annotation_id_faults {
	size_t counted, ids, shared, zero;
};
struct annotation_id_faults annotations_id_faults(const struct annotations *a);
/* Why a box has no bbox: "'bbox' has 3 numbers (line 7)". */
const char *annotations_fault(const struct annotations *a,
			      const struct annotation_box *box, char *buf,
			      size_t size);
/* Lines, added to 'out', on what was mended; on boxes that look like corners. */
void annotations_explain(const struct annotations *a, struct fl_str *out);
void annotations_explain_boxes(const struct annotations *a, struct fl_str *out);
/* How x, y, width, height lie in an image; a side that is infinite or NaN is not
 * known. What hangs over may fit as corners: where every box of a file can be
 * corners, and some can be nothing else, the file was written with them. */
enum annotation_lie {
	ANNOTATION_INSIDE,
	ANNOTATION_OUTSIDE,
	ANNOTATION_HANGS_OVER,
	ANNOTATION_AS_CORNERS
};
enum annotation_lie annotations_lie(const double box[4], double width,
				    double height);
/* x, y, width, height that are no corners x1, y1, x2, y2 of this image. */
bool annotations_no_corners(const double box[4], double width, double height);
/* Does a box lie within the first pixel? Then its sides are most likely parts
 * of the image's. */
bool annotations_first_pixel(double x1, double y1, double x2, double y2);

/* Number every box's image and category, mend what can be; for the reader. */
void annotations_link(struct annotations *a);

#endif

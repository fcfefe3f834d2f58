/* annotations.h - a COCO annotation file as tables.
 *
 * Everything is kept as the file says it, in its order and in its doubles;
 * what is usable for training is decided by data/dataset.h, what counts in a
 * score by eval/coco_eval.h, what is wrong by data/check.h.
 *
 * Ownership: the tables and texts belong to the struct.
 */
#ifndef FL_BOX_ANNOTATIONS_H
#define FL_BOX_ANNOTATIONS_H

#include "base/arena.h"
#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct annotation_image {
	int64_t id;
	const char *file_name;
	double width, height; /* NaN where absent */
};

struct annotation_box {
	int64_t id, image_id, category_id;
	double x, y, w, h; /* NaN where absent or not finite */
	double area;	   /* NaN where absent */
	bool has_id, has_bbox, crowd, ignore;
	int image;    /* index in images, or -1 */
	int category; /* index in categories, or -1 */
};

struct annotation_category {
	int64_t id;
	const char *name;
};

struct annotations {
	struct fl_arena arena;
	struct annotation_image *images;
	struct annotation_box *boxes;
	struct annotation_category *categories;
	size_t image_count, box_count, category_count;
	bool has_boxes; /* the file has an 'annotations' array */
};

/* FL_EDATA where the file is no JSON ("broken at byte N") or no COCO. */
int annotations_read(const char *path, struct annotations *out,
		     struct fl_err *err);
void annotations_release(struct annotations *a);
/* Index of an id, -1 when absent; of several, the first. */
int annotations_find_image(const struct annotations *a, int64_t id);

#endif

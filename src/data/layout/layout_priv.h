/* layout_priv.h - the readers, and what they share; for src/data/layout. */
#ifndef FL_DATA_LAYOUT_LAYOUT_PRIV_H
#define FL_DATA_LAYOUT_LAYOUT_PRIV_H

#include "data/layout/labels.h"

/* Fill labels from its tree. 'one': the label file that the user named, a path
 * of the tree, or NULL. */
typedef int layout_reader(struct labels *labels, const char *one,
			  struct fl_err *err);
layout_reader layout_read_coco, layout_read_voc, layout_read_yolo,
	layout_read_labelme;

/* Does the tree hold files of this layout? How many. */
typedef int layout_finder(struct tree *tree);
layout_finder layout_find_coco, layout_find_voc, layout_find_yolo,
	layout_find_labelme;

/* Stands in every file that layout_coco_text() makes: such a file beside the
 * pictures is no label of its own. */
#define LAYOUT_MARK "flotilla new"

/* What a json file is, from the names in it; NOT_LABELS for any other. */
enum json_layout {
	NOT_LABELS,
	COCO_FILE,
	LABELME_FILE,
};
enum json_layout layout_json_kind(struct tree *tree, const char *path);

/* Headers of all pictures, then boxes in pixels and inside of them. */
int layout_measure(struct labels *labels, struct fl_err *err);
/* Every image into training, validation or test. */
int layout_deal(struct labels *labels, struct fl_err *err);

#endif

/* layout.h - a folder of pictures and labels, as people's tools leave it, read
 * into one form: COCO, VOC, YOLO text files, labelme.
 *
 * docs/your-data.md has the table of tools and layouts. Nothing in the folder
 * is written or changed. Which layout it is, is told from the files, never
 * from the folder's name.
 */
#ifndef FL_DATA_LAYOUT_LAYOUT_H
#define FL_DATA_LAYOUT_LAYOUT_H

#include "base/str.h"
#include "data/layout/labels.h"

/* data: a folder, or one label file in it (a COCO json, a data.yaml). layout:
 * "coco", "voc", "yolo", "labelme", or NULL for what is there. skip_broken:
 * pictures with a broken label file are left out; else they are an error.
 * At the end every image has the size that decoding gives it, boxes lie inside
 * of their picture, and images are dealt out to training and validation.
 * FL_EDATA with a sentence; FL_EUSAGE for an unknown layout. */
int layout_read(const char *data, const char *layout, bool skip_broken,
		struct labels *out, struct fl_err *err);

/* The images of one part and their boxes as a COCO annotation file. */
void layout_coco_text(const struct labels *labels, enum label_split split,
		      struct fl_str *out);

#endif

/* yolo_priv.h - between the two halves of the reader of YOLO's text files. */
#ifndef FL_DATA_LAYOUT_YOLO_PRIV_H
#define FL_DATA_LAYOUT_YOLO_PRIV_H

#include "data/layout/layout_priv.h"

#define YOLO_LISTS 64

struct yolo {
	struct labels *labels;
	bool keypoints; /* each line goes on behind its box */
	double *numbers;
	const char *lists[YOLO_LISTS]; /* .txt files that are no labels */
	int list_count;
	long labelled, unlabelled;
};

/* Classes and pictures, from data.yaml, obj.data or classes.txt: calls
 * yolo_picture() for each. */
int yolo_read_lists(struct yolo *yolo, const char *one, struct fl_err *err);
void yolo_picture(struct yolo *yolo, const char *path, enum label_split split);

#endif

/* labels.h - what one of the readers of this folder found: pictures, boxes,
 * classes, how they are dealt out, and what is odd.
 *
 * A reader adds classes, then image by image its boxes. Boxes are in pixels,
 * or in shares of the picture where 'shares' is set, until layout_measure()
 * knows the sizes. What is odd is kept by kind: how often, and the first few
 * in words; broken label files are a kind of their own, for which reading goes
 * on to its end so that all can be mended at once.
 *
 * Ownership: everything belongs to the struct.
 */
#ifndef FL_DATA_LAYOUT_LABELS_H
#define FL_DATA_LAYOUT_LABELS_H

#include "base/arena.h"
#include "base/err.h"
#include "data/layout/tree.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

enum label_split {
	SPLIT_NONE,
	SPLIT_TRAIN,
	SPLIT_VAL,
	SPLIT_TEST,
	SPLITS
};

struct label_box {
	double x, y, w, h; /* left, top, sides */
	int class;
};

struct label_image {
	const char *path; /* of the tree */
	int w, h; /* as stated, 0: not; as decoded from layout_measure() on */
	enum label_split split;
	bool gone;    /* unreadable or broken: not written */
	size_t first; /* box */
	int count;
};

enum label_odd {
	/* nothing is lost */
	ODD_EMPTY,	/* pictures without a box */
	ODD_CLIPPED,	/* boxes over the edge */
	ODD_SIZE,	/* another size than stated */
	ODD_DIFFICULT,	/* of VOC */
	ODD_SCORED,	/* lines of YOLO with a score */
	ODD_POLYGON,	/* outlines of which the bounds are taken */
	ODD_CLASS,	/* classes without a box */
	ODD_CLASS_VAL,	/* classes without a box in one part */
	ODD_ALIKE,	/* class names that differ by case or spaces */
	ODD_BOTH,	/* pictures in two parts */
	ODD_OTHER_FILE, /* label files that are not read */
	ODD_TIE,	/* names that several pictures answer to */
	ODD_PART, /* parts that a data.yaml names and that are not there */
	/* something is left out */
	ODD_NO_LABEL,	/* lines of lists that lead to no file */
	ODD_NO_PICTURE, /* labels without a picture */
	ODD_UNREADABLE, /* pictures */
	ODD_NAME,	/* names that are not UTF-8 */
	ODD_UNLISTED,	/* labelled pictures that no list names */
	ODD_SWAPPED,	/* boxes whose second corner lies before the first */
	ODD_NO_AREA,	/* boxes, points, lines */
	ODD_OUTSIDE,	/* boxes */
	ODD_CROWD,	/* boxes around several objects */
	ODD_DUMMY,	/* categories above others */
	ODD_BROKEN, /* label files: an error unless they are to be skipped */
	ODD_KINDS
};
#define ODD_FIRST_LOSS ODD_NO_LABEL
#define ODD_SHOWN 3

struct label_odds {
	long count;
	char text[ODD_SHOWN][256];
};

struct labels {
	struct fl_arena arena;
	struct tree tree;
	const char *layout; /* "YOLO", ... */
	const char *source; /* of the classes and lists, in words; or NULL */
	const char *split_rule;
	bool shares, skip_broken;
	const char **classes;
	int class_count, class_room;
	struct label_image *images;
	size_t image_count, image_room;
	struct label_box *boxes;
	size_t box_count, box_room;
	struct label_odds odd[ODD_KINDS];
	/* COCO files that can be used as they are, by part; else NULL */
	const char *ready[SPLITS];
	const char *image_dir[SPLITS]; /* of those, below the root */
};

/* Index of a class, added where it is new. */
int labels_class(struct labels *labels, const char *name);
/* -1 where it is not known. */
int labels_find_class(const struct labels *labels, const char *name);
/* Without a list of names classes come in the order of the files: by name they
 * stand the same however the files are called. */
void labels_sort_classes(struct labels *labels);
/* The newest image gets the boxes that follow. */
void labels_image(struct labels *labels, const char *path, int w, int h,
		  enum label_split split);
void labels_box(struct labels *labels, const struct label_box *box);
/* Takes the newest image back, with its boxes. */
void labels_drop_image(struct labels *labels);
void labels_odd(struct labels *labels, enum label_odd kind, const char *fmt,
		...) __attribute__((format(printf, 3, 4)));
/* "broken" with the sentence of an error, which is cleared. */
void labels_broken(struct labels *labels, struct fl_err *err);
/* One line a kind, and the first examples. */
void labels_print_odds(const struct labels *labels, FILE *to);

/* Which part the folders of a path speak of: "train2017/", "valid/"; with the
 * last name too where 'name' is set ("instances_val2017.json"). */
enum label_split labels_split_of(const char *path, bool name);
/* "training", "validation", "test". */
const char *labels_split_name(enum label_split split);
/* Boxes around points, of which there may be none. */
struct bounds {
	double x0, y0, x1, y1;
	int points;
};
void bounds_add(struct bounds *bounds, double x, double y);

void labels_release(struct labels *labels);

#endif

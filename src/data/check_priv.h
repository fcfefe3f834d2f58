/* check_priv.h - complaints and their report; for src/data. */
#ifndef FL_DATA_CHECK_PRIV_H
#define FL_DATA_CHECK_PRIV_H

#include "box/annotations.h"
#include "data/check.h"
#include "data/dataset.h"

#include <pthread.h>
#include <stdio.h>

#define CHECK_SHOWN 5 /* examples of each kind */

/* Kinds of complaint; those before CHECK_HARMFUL do not harm training. */
enum check_kind {
	CHECK_NO_BOXES,
	CHECK_CROWD,
	CHECK_SMALL_OVERHANG,
	CHECK_NO_AREA_FIELD,
	CHECK_QUOTED_ID,
	CHECK_NO_SIZE,
	CHECK_MENDED_NAME,
	CHECK_ZERO_ID,
	CHECK_DUPLICATE_BOX,
	CHECK_SAME_NAME,
	CHECK_UNUSED_CLASS,
	CHECK_LVIS,
	CHECK_ODD_FILE,
	CHECK_OTHER_KIND,
	CHECK_MISSING,
	CHECK_UNREADABLE,
	CHECK_PART_LOST,
	CHECK_DEEP,
	CHECK_OTHER_SIZE,
	CHECK_DUPLICATE_IMAGE,
	CHECK_DUPLICATE_FILE,
	CHECK_BAD_SIZE,
	CHECK_NO_BBOX,
	CHECK_NOT_FINITE,
	CHECK_NO_AREA,
	CHECK_OUTSIDE,
	CHECK_UNKNOWN_CATEGORY,
	CHECK_UNKNOWN_IMAGE,
	CHECK_NO_NAME,
	CHECK_FIRST_PIXEL,
	CHECK_CORNERS,
	CHECK_DUPLICATE_CLASS,
	CHECK_NO_CLASSES,
	CHECK_CLASS_COUNT,
	CHECK_VOC_IMAGE,
	CHECK_VOC_BOX,
	CHECK_KINDS
};
#define CHECK_HARMFUL CHECK_MISSING

struct check {
	pthread_mutex_t lock;
	long count[CHECK_KINDS];
	long more[CHECK_KINDS]; /* counted, but without an example */
	char example[CHECK_KINDS][CHECK_SHOWN][256];
	const struct annotations *a; /* of a COCO file */
	const char *image_dir;	     /* NULL: annotations alone */
	bool flat_names;
	long lie_flat;	    /* missing files that flat_names would find */
	long corners;	    /* boxes that fit their image as corners alone */
	long corners_not;   /* boxes that cannot be corners */
	double (*sizes)[2]; /* of each image; infinite where unknown */
	const struct dataset *voc; /* of a VOC data set */
	long decoded;
};

void check_complain(struct check *check, enum check_kind kind, const char *fmt,
		    ...) __attribute__((format(printf, 3, 4)));
/* Look into one picture; stated: the size that the annotations give, or NULL. */
void check_file(struct check *check, const char *path,
		const struct annotation_image *stated);
/* For the line of progress. */
void check_decoded_one(struct check *check, size_t of);
/* "8 images, 1 box, 2 classes:" */
void check_print_counts(long images, long boxes, long classes, FILE *to);
/* How many complaints are harmful. */
long check_print(const struct check *check, FILE *to);

#endif

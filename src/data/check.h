/* check.h - is this data set fit for training? Every picture is decoded and
 * every annotation looked at; what is wrong is said in words, with names and
 * counts.
 */
#ifndef FL_DATA_CHECK_H
#define FL_DATA_CHECK_H

#include "base/err.h"
#include "data/options.h"

#include <stdio.h>

/* anno: a COCO file; image_dir: where its pictures lie, or NULL to look at
 * the annotations alone; flat_names as in a recipe. The report goes to 'to'.
 * *suffers counts what would
 * be lost or wrong in training. num_classes 0: not compared. */
int check_coco(const char *anno, const char *image_dir, bool flat_names,
	       int num_classes, FILE *to, long *suffers, struct fl_err *err);
/* The same of a VOC data set. What its reader leaves out it names in warnings;
 * a file that cannot be understood ends the check (FL_EDATA). */
int check_voc(const struct dataset_options *recipe, int num_classes, FILE *to,
	      long *suffers, struct fl_err *err);
/* The classes of both data sets of a recipe, met by name as training does. */
int check_classes_meet(const struct recipe *recipe, FILE *to, long *suffers,
		       struct fl_err *err);
/* A picture, or all pictures of a folder, without annotations. */
int check_pictures(const char *path, FILE *to, long *suffers,
		   struct fl_err *err);

#endif

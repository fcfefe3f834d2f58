/* dataset_priv.h - what the readers of data sets share; for src/data. */
#ifndef FL_DATA_DATASET_PRIV_H
#define FL_DATA_DATASET_PRIV_H

#include "data/dataset.h"

#define DATASET_SHOWN 5 /* complaints of each kind that are printed */

/* The file of that name (image_files.h), and whether it is there. */
const char *dataset_image_path(struct dataset *d,
			       const struct dataset_options *r,
			       const char *name, bool *there);
/* The size that the file itself has, for a list that states none; left as it is
 * where the file cannot be measured. */
void dataset_measure(struct dataset *d, struct data_image *im);
/* Images without a box go behind the others: all, or at most a share of
 * empty_ratio of the whole. */
void dataset_append_empty(struct dataset *d, const struct dataset_options *r,
			  struct data_image *empty, int count);
/* Images, boxes and classes of a VOC data set. */
int dataset_read_voc(struct dataset *d, const struct dataset_options *r,
		     struct fl_err *err);
int dataset_read_voc_classes(struct dataset *d, const struct dataset_options *r,
			     struct fl_err *err);
/* Class names, one a line. */
int dataset_read_names(struct dataset *d, const char *path, bool skip_ground,
		       struct fl_err *err);

#endif

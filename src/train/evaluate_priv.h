/* evaluate_priv.h - the VOC half of the evaluation; for src/train. */
#ifndef FL_TRAIN_EVALUATE_PRIV_H
#define FL_TRAIN_EVALUATE_PRIV_H

#include "train/evaluate.h"

#define EVALUATE_VOC_OVERLAP 0.5

/* The class names, for reports. */
void evaluate_voc_categories(struct annotations *truth,
			     const struct dataset *data);
/* Detections carry the place of their image in the data set as its id. */
int evaluate_voc(const struct recipe *recipe, const struct dataset *data,
		 const struct coco_detection *found, size_t count,
		 struct coco_result *out, struct fl_err *err);

#endif

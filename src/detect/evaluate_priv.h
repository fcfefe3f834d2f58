/* evaluate_priv.h - the VOC half of the evaluation; for src/detect. */
#ifndef FL_DETECT_EVALUATE_PRIV_H
#define FL_DETECT_EVALUATE_PRIV_H

#include "detect/evaluate.h"

#define EVALUATE_VOC_OVERLAP 0.5

/* Meet the classes of v->data, or of the TestDataset, with the model's. */
int evaluate_meet_classes(struct evaluator *v, const struct recipe *recipe,
			  const struct class_list *model, struct fl_err *err);
int evaluate_name_classes(struct evaluator *v, const struct recipe *recipe,
			  const struct class_list *model, struct fl_err *err);

/* The class names, for reports. */
void evaluate_voc_categories(struct annotations *truth,
			     const struct dataset *data);
/* Detections carry the place of their image in the data set as its id. */
int evaluate_voc(const struct recipe *recipe, const struct dataset *data,
		 const struct coco_detection *found, size_t count,
		 struct coco_result *out, struct fl_err *err);

#endif

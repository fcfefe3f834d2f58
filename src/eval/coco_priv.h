/* coco_priv.h - one class of the evaluation; for src/eval. */
#ifndef FL_EVAL_COCO_PRIV_H
#define FL_EVAL_COCO_PRIV_H

#include "eval/coco_eval.h"

#define COCO_THRESHOLDS 10
#define COCO_RECALLS 101
#define COCO_AREAS 4
#define COCO_MAX_DETECTIONS 100

/* A box of either side; ground truth is sorted by class and image. */
struct coco_item {
	int64_t id, image_id;
	int category;
	double bbox[4], area, score;
	bool crowd;
	size_t order; /* as given */
};

/* A detection after matching: for each area range a bit per threshold. */
struct coco_match {
	double score;
	size_t order;
	int rank; /* among its image's detections */
	uint16_t matched[COCO_AREAS], ignored[COCO_AREAS];
};

/* One class: precision and recall where summarize() looks. */
struct coco_class {
	double precision[COCO_AREAS][COCO_THRESHOLDS][COCO_RECALLS];
	double recall[COCO_AREAS][COCO_THRESHOLDS]; /* at 100 detections */
	double recall_few[2][COCO_THRESHOLDS];	    /* at 1 and 10, all areas */
	bool counted[COCO_AREAS]; /* any ground truth that counts */
};

extern const double coco_area_range[COCO_AREAS][2];

/* Match one image's detections (sorted, at most 100) with its ground truth;
 * fills matches and adds to positives. scratch grows as needed. */
struct coco_scratch {
	double *iou;
	size_t iou_cap;
	int *order, *taken;
	size_t gt_cap;
};
void coco_match_image(const struct coco_item *gt, size_t gts,
		      const struct coco_item *dt, size_t dts,
		      struct coco_match *matches, long positives[COCO_AREAS],
		      struct coco_scratch *scratch);
void coco_scratch_release(struct coco_scratch *scratch);
/* Curves of a class from all its matches, which are sorted here. */
void coco_accumulate(struct coco_match *matches, size_t count,
		     const long positives[COCO_AREAS], struct coco_class *out);

/* The sum that numpy.sum() makes of these values, rounding for rounding. */
double coco_sum(const double *v, size_t n);

#endif

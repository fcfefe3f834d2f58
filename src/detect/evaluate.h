/* evaluate.h - a model scored on a data set, split over the ranks.
 *
 * Rank r evaluates images r, r + R, ...; rank 0 gathers the detections and
 * scores them. The numbers do not depend on the number of ranks.
 */
#ifndef FL_DETECT_EVALUATE_H
#define FL_DETECT_EVALUATE_H

#include "data/dataset.h"
#include "eval/coco_eval.h"
#include "detect/bad_images.h"
#include "detect/network.h"

struct evaluator {
	struct dataset data;
	/* Rank 0; of a VOC data set the categories alone, its boxes stay in
	 * data. */
	struct annotations truth;
	bool voc; /* scored by VOC's metric */
	/* For each class of the model its place in data's classes, or -1:
	 * nothing there can be of it. */
	int *class_of;
	int threads;	       /* of the loader */
	struct bad_images bad; /* named once, not at every evaluation */
};

/* classes: the model's, which the EvalDataset's are met with by name; count 0:
 * unknown, then places count. FL_EDATA with both lists where the EvalDataset has
 * boxes of a class that the model does not know, or none that it does. */
int evaluator_open(struct evaluator *v, const struct recipe *recipe,
		   const struct class_list *classes, const struct comm *comm,
		   struct fl_err *err);
/* Pictures without ground truth, for evaluator_detect alone: a file or a folder
 * of them. Names are the model's own; where it does not know them, those of the
 * recipe's TestDataset if it has as many, and numbers otherwise. Category ids
 * are the TestDataset's of the same names. */
int evaluator_open_pictures(struct evaluator *v, const struct recipe *recipe,
			    const struct class_list *classes, const char *file,
			    const char *folder, struct fl_err *err);
void evaluator_close(struct evaluator *v);
/* What people see of a score: COCO's twelve lines, or VOC's one. */
void evaluator_print(const struct recipe *recipe,
		     const struct coco_result *score, struct fl_str *out);
/* The plan that a reader's batches run on; to be among the keys of network_open. */
struct plan_key evaluator_plan(const struct recipe *recipe,
			       const struct reader_options *reader);

struct evaluation {
	/* Rank 0. Of VOC's metric mAP stands for ap and ap50, and the rest is
	 * -1. */
	struct coco_result coco;
	int images; /* scored, of all ranks; rank 0 */
	size_t detections;
	double seconds;
};

/* With the network's rows for evaluation. detections,
 * where not NULL, receives what rank 0 scored (malloc, *out->detections). */
int evaluator_run(struct evaluator *v, struct network *net,
		  struct evaluation *out, struct coco_detection **detections,
		  struct fl_err *err);

/* Detections of v->data through reader, on rank 0 (malloc, the caller frees),
 * without a score: for pictures that have no ground truth. In order of ids. */
int evaluator_detect(struct evaluator *v, struct network *net,
		     const struct reader_options *reader,
		     struct coco_detection **detections, size_t *count,
		     struct fl_err *err);

#endif

/* loss.h - PP-YOLOE's assigners and losses, with their gradients.
 *
 * A step goes in two calls, because a collective stands between them:
 * loss_assign() decides which point answers for which box and returns the sum
 * of the target scores, ranks add theirs up, and loss_finish() computes losses
 * and gradients with the common normaliser.
 *
 * Source: ppyoloe_head.py, atss_assigner.py, task_aligned_assigner.py and the
 * papers behind them (ATSS arXiv 1912.02424, TOOD 2108.07755, VFL 2008.13367,
 * GIoU 1902.09630, GFL 2006.04388). Points stand coarse to fine, row by row;
 * boxes are (x1, y1, x2, y2).
 *
 * The assigners and the losses of boxes run on the host, on what device/stage.h
 * shows it; the pass over all class logits is the device's.
 *
 * Memory: all scratch is taken by loss_open() for the largest step.
 * Threads: the compute thread; work is spread with fl_par_for.
 */
#ifndef FL_LOSS_LOSS_H
#define FL_LOSS_LOSS_H

#include "base/err.h"
#include "config/recipe.h"
#include "graph/head.h"

#include <stdbool.h>

#define LOSS_BINS 17

/* A batch: the head's maps (loss_finish writes their gradients) on the device,
 * and its boxes in the host's memory. */
struct loss_input {
	struct head_map maps[HEAD_MOST];
	int levels;
	int n, classes;
	int most;	    /* boxes an image has room for */
	const float *boxes; /* [N][most][4] pixels of the resized image */
	const int *labels;  /* [N][most] */
	const int *counts;  /* [N] boxes that are real */
};

enum {
	LOSS_TOTAL,
	LOSS_CLS,
	LOSS_IOU,
	LOSS_DFL,
	LOSS_L1,
	LOSS_COUNT
};

/* As the reference's log calls them: "loss", "loss_cls", ... */
extern const char *const loss_names[LOSS_COUNT];

struct loss;

/* recipe gives assigners and weights; the device is borrowed; images and points
 * are those of the largest step. */
int loss_open(const struct recipe *recipe, struct dev *dev, int images,
	      int points, struct loss **out, struct fl_err *err);
void loss_close(struct loss *loss);

/* ATSS where epoch < static_assigner_epoch, else task-aligned. *score_sum is
 * this rank's sum of target scores. The maps are read once the work in q is
 * done; the input must live until loss_finish().
 * FL_ERECIPE where a level has fewer points than ATSS takes candidates. */
int loss_assign(struct loss *loss, struct dev_queue *q,
		const struct loss_input *in, int epoch, double *score_sum,
		struct fl_err *err);
/* Losses, and gradients for the work that q gets from now on. */
int loss_finish(struct loss *loss, struct dev_queue *q, double normaliser,
		float losses[LOSS_COUNT], struct fl_err *err);

/* What the assigner decided, for point p of image i: the index of its box or
 * -1, and its target score. Valid until the next loss_assign(). */
int loss_assigned_box(const struct loss *loss, int image, int point);
float loss_target_score(const struct loss *loss, int image, int point);

#endif

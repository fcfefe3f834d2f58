/* loss.h - what a training step asks of a family's loss.
 *
 * A step goes in two calls, because a collective stands between them:
 * loss_assign() decides which point answers for which box and returns the sum
 * of the target scores, ranks add theirs up, and loss_finish() computes losses
 * and gradients with the common normaliser. Points stand coarse to fine, row by
 * row; boxes are (x1, y1, x2, y2).
 *
 * A family has a kind, with a struct of its own that begins with struct loss; its
 * parts (assigners, losses of boxes) are in this folder where others may want
 * them.
 *
 * Memory: all scratch is taken by loss_open() for the largest step.
 * Threads: the compute thread; work is spread with fl_par_for.
 */
#ifndef FL_LOSS_LOSS_H
#define FL_LOSS_LOSS_H

#include "base/err.h"
#include "graph/head.h"

#include <stdbool.h>

#define LOSS_MOST 8 /* values of a loss */

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

/* One of the numbers that a loss comes to. */
struct loss_value {
	const char *name; /* as logs, files and docs/parity.md call it */
	/* A mean of its own, which nothing is trained by; others are shares of
	 * what the normaliser divides. */
	bool mean;
};

/* The largest step that a loss is opened for. */
struct loss_size {
	int images, points; /* of an image */
	int classes;
};

struct loss;

struct loss_kind {
	const struct loss_value *values; /* the first is what is trained by */
	int count;
	/* options: of the family's part of the recipe. */
	int (*open)(const void *options, struct dev *dev,
		    const struct loss_size *size, struct loss **out,
		    struct fl_err *err);
	void (*close)(struct loss *loss);
	int (*assign)(struct loss *loss, struct dev_queue *q,
		      const struct loss_input *in, int epoch, double *score_sum,
		      struct fl_err *err);
	int (*finish)(struct loss *loss, struct dev_queue *q, double normaliser,
		      float *losses, struct fl_err *err);
};

struct loss {
	const struct loss_kind *kind;
	/* What the assigner decided in this step. */
	int points;	    /* of an image */
	const int *box;	    /* [N][points] index of its box, or -1 */
	const float *score; /* [N][points] target scores */
};

/* The device is borrowed, options are copied. */
int loss_open(const struct loss_kind *kind, const void *options,
	      struct dev *dev, const struct loss_size *size, struct loss **out,
	      struct fl_err *err);
void loss_close(struct loss *loss);

/* *score_sum is this rank's sum of target scores. The maps are read once the work
 * in q is done; the input must live until loss_finish(). FL_ERECIPE where the
 * maps are too small for the assigner. */
int loss_assign(struct loss *loss, struct dev_queue *q,
		const struct loss_input *in, int epoch, double *score_sum,
		struct fl_err *err);
/* losses: kind->count of them; and gradients for the work that q gets from now
 * on. */
int loss_finish(struct loss *loss, struct dev_queue *q, double normaliser,
		float *losses, struct fl_err *err);

/* What the assigner decided, for point p of image i: the index of its box or
 * -1, and its target score. Valid until the next loss_assign(). */
int loss_assigned_box(const struct loss *loss, int image, int point);
float loss_target_score(const struct loss *loss, int image, int point);

#endif

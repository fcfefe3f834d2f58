/* loss_priv.h - what the parts of the loss share; for src/loss. */
#ifndef FL_LOSS_LOSS_PRIV_H
#define FL_LOSS_LOSS_PRIV_H

#include "base/par.h"
#include "device/stage.h"
#include "loss/loss.h"
#include "loss/topk.h"

#include <stddef.h>

/* One level's maps where the host works on them. */
struct loss_level {
	int h, w, stride;
	const float *cls;   /* [N][h][w][C] logits */
	const float *reg;   /* [N][h][w][4][17] logits */
	float *dcls, *dreg; /* gradients */
};

struct loss {
	struct dev *dev;
	struct dev_stage stage;
	struct dev_slab sums_of_levels; /* doubles, of the device's pass */
	int static_epochs, atss_topk, tal_topk;
	double tal_alpha, tal_beta;
	double weight_cls, weight_iou, weight_dfl;
	int max_images, max_points;

	struct loss_input input; /* the step's, copied */
	struct loss_level levels[HEAD_MOST];
	int points;	       /* of an image in this step */
	int first[HEAD_MOST];  /* index of a level's first point */
	float *pred;	       /* [N][L][4] predicted boxes in pixels */
	int *box;	       /* [N][L] assigned box or -1 */
	int *claims;	       /* [N][L] boxes that chose the point */
	float *score;	       /* [N][L] target scores */
	struct ranked *ranked; /* [N][L] to choose from */
	double normaliser;
	double sums[FL_PAR_MAX_CHUNKS][LOSS_COUNT]; /* of chunks */
	long positives[FL_PAR_MAX_CHUNKS];
};

/* A point of the step's pyramid. */
struct loss_point {
	int level, at;	    /* index within the level */
	float x, y, stride; /* centre in pixels */
};

static inline struct loss_point loss_point_at(const struct loss *l, int p)
{
	const struct loss_level *levels = l->levels;
	struct loss_point q = { .level = 0 };

	while (q.level + 1 < l->input.levels && p >= l->first[q.level + 1])
		q.level++;
	q.at = p - l->first[q.level];
	q.stride = (float)levels[q.level].stride;
	q.x = ((float)(q.at % levels[q.level].w) + 0.5f) * q.stride;
	q.y = ((float)(q.at / levels[q.level].w) + 0.5f) * q.stride;
	return q;
}

/* Strictly inside, by more than 1e-9. */
static inline bool loss_inside(const struct loss_point *q, const float *box)
{
	float l = q->x - box[0], t = q->y - box[1];
	float r = box[2] - q->x, b = box[3] - q->y;
	float least = l < t ? l : t;

	least = least < r ? least : r;
	least = least < b ? least : b;
	return least > 1e-9f;
}

float loss_iou(const float *a, const float *b, float epsilon);

/* Softmax of 17 logits and its expectation. */
float loss_softmax(const float *logit, float p[LOSS_BINS]);

/* One image each; fill box[], claims[] and score[] of it. */
void loss_atss(struct loss *l, int image);
void loss_tal(struct loss *l, int image);
/* Add one point's box losses to sums and write its 68 gradients. */
void loss_box_point(struct loss *l, int image, int point,
		    double sums[LOSS_COUNT]);

#endif

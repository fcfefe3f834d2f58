/* assign.h - which point of a pyramid answers for which box.
 *
 * An assigner is given the logits of a batch, the boxes that they predict and the
 * true ones; it fills box, claims and score of one image. Sources:
 * atss_assigner.py (ATSS, arXiv 1912.02424) and task_aligned_assigner.py (TOOD,
 * 2108.07755).
 *
 * Ownership: the arrays are the assignment's. Threads: assigners of different
 * images may run at once.
 */
#ifndef FL_LOSS_ASSIGN_H
#define FL_LOSS_ASSIGN_H

#include "loss/loss.h"
#include "loss/topk.h"

#include <stddef.h>

struct assign_options {
	int atss_topk; /* candidates of a box on each level */
	int tal_topk;  /* points of a box */
	double tal_alpha, tal_beta;
};

/* One level's maps where the host works on them; of the regression an assigner
 * sees what it predicts. */
struct assign_level {
	int h, w, stride;
	const float *cls;   /* [N][h][w][C] logits */
	const float *reg;   /* logits of a kind that the family knows */
	float *dcls, *dreg; /* gradients */
};

struct assignment {
	struct assign_options options;
	struct loss_input input; /* the step's, copied */
	struct assign_level levels[HEAD_MOST];
	int first[HEAD_MOST];  /* index of a level's first point */
	int points;	       /* of an image in this step */
	float *pred;	       /* [N][L][4] predicted boxes in pixels */
	int *box;	       /* [N][L] assigned box or -1 */
	int *claims;	       /* [N][L] boxes that chose the point */
	float *score;	       /* [N][L] target scores */
	struct ranked *ranked; /* [N][L] to choose from */
};

void assignment_open(struct assignment *a, const struct assign_options *options,
		     int images, int points);
void assignment_close(struct assignment *a);
/* Begins a step: sizes of the levels, without their maps. */
void assignment_begin(struct assignment *a, const struct loss_input *input);

/* One image each. */
void assign_atss(struct assignment *a, int image);
void assign_tal(struct assignment *a, int image);

/* A point of the step's pyramid. */
struct assign_point {
	int level, at;	    /* index within the level */
	float x, y, stride; /* centre in pixels */
};

static inline struct assign_point assign_point_at(const struct assignment *a,
						  int p)
{
	const struct assign_level *levels = a->levels;
	struct assign_point q = { .level = 0 };

	while (q.level + 1 < a->input.levels && p >= a->first[q.level + 1])
		q.level++;
	q.at = p - a->first[q.level];
	q.stride = (float)levels[q.level].stride;
	q.x = ((float)(q.at % levels[q.level].w) + 0.5f) * q.stride;
	q.y = ((float)(q.at / levels[q.level].w) + 0.5f) * q.stride;
	return q;
}

/* Strictly inside, by more than 1e-9. */
static inline bool assign_inside(const struct assign_point *q, const float *box)
{
	float l = q->x - box[0], t = q->y - box[1];
	float r = box[2] - q->x, b = box[3] - q->y;
	float least = l < t ? l : t;

	least = least < r ? least : r;
	least = least < b ? least : b;
	return least > 1e-9f;
}

#endif

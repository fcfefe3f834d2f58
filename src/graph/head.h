/* head.h - the maps a detection head ends in, and where its points are.
 *
 * A head has levels, coarse to fine; each has a map of class logits and one of
 * box logits, whose pixels are points that answer for boxes. Nothing that uses
 * a head counts its levels otherwise than by this.
 */
#ifndef FL_GRAPH_HEAD_H
#define FL_GRAPH_HEAD_H

#include "graph/plan.h"

#define HEAD_MOST 4 /* levels */

struct head {
	int count; /* levels */
	int classes;
	int bins; /* logits of each side of a box */
	struct {
		int cls,
			reg; /* values: [N][h][w][classes], [N][h][w][4 bins] */
		int stride;  /* pixels of the image to one of the map */
	} level[HEAD_MOST];
};

/* One level's maps in a plan: dense, F32. Gradients only where the plan has a
 * backward pass. */
struct head_map {
	int stride;
	struct tensor cls, reg, dcls, dreg;
};

void head_maps(const struct plan *plan, const struct head *head,
	       struct head_map maps[HEAD_MOST]);
/* Points of all levels, of one image of this size (a multiple of every
 * stride). */
int head_points(const struct head *head, int height, int width);

#endif

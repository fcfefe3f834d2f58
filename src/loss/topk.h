/* topk.h - the k largest values, and which of equal ones.
 *
 * PaddlePaddle's topk on a CPU asks C++'s std::partial_sort where 64 k < n and
 * std::nth_element otherwise, comparing values alone; among equals the choice
 * is what GNU's algorithms happen to leave in front. Equal values are usual: a
 * box centred between grid points is equally far from two or four of them. So
 * that both programs train on the same points, the same steps are taken here
 * (a heap of k; a quickselect by the median of three).
 */
#ifndef FL_LOSS_TOPK_H
#define FL_LOSS_TOPK_H

struct ranked {
	double value;
	int index;
};

/* Reorders r so that the k largest stand first, in no particular order.
 * 1 <= k <= n; no NaN. */
void topk_select(struct ranked *r, int n, int k);

#endif

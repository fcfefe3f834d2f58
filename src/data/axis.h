/* axis.h - which source pixels make an output pixel along one axis.
 *
 * OpenCV's rules (modules/imgproc/src/resize.cpp). Taps of output i are
 * index[i * taps + k] (inside the source, borders repeated) with weight
 * weight[i * taps + k]; unused taps have weight 0.
 */
#ifndef FL_DATA_AXIS_H
#define FL_DATA_AXIS_H

#include <stdbool.h>
#include <stddef.h>

struct axis {
	int n, taps;
	int *index;
	float *weight;
	size_t cap;
};

/* interp: INTERP_NEAREST and so on; shrinks: both axes of the image do, which
 * is what makes INTERP_AREA an average and else a linear with its own map. */
void axis_make(struct axis *a, int from, int to, int interp, bool shrinks);
void axis_release(struct axis *a);

#endif

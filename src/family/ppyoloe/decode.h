/* decode.h - from the head's logits to boxes and scores, for inference.
 *
 * Per point: the distance to each side is the expectation of the softmax over
 * 17 bins, in units of the stride; a box is (px - l, py - t, px + r, py + b)
 * times the stride, divided by the image's scale factor, so in pixels of the
 * original image, not clipped (ppyoloe_head.py, forward_eval, post_process).
 */
#ifndef FL_FAMILY_PPYOLOE_DECODE_H
#define FL_FAMILY_PPYOLOE_DECODE_H

#include "model/model.h"

/* The maps of n images, in the host's memory: scale_factor [N][2] as (fy, fx);
 * boxes [N][L][4] and scores [N][C][L] are written, L being the points of all
 * levels. Parallel over points. */
void decode_images(const struct head_map *maps, int levels, int n,
		   const float *scale_factor, float *boxes, float *scores);

#endif

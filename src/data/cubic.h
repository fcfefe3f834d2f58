/* cubic.h - the 8-bit bicubic resize of evaluation.
 *
 * What the x86 wheels of OpenCV compute (cv2.resize, INTER_CUBIC, 8 bits; by
 * Intel's IPP, which is not what OpenCV's own source does): found by experiment
 * and met in every byte, see tests/golden/test_resize.c. Smooth pictures have
 * many sums that are exactly a half, where the last bit of a weight decides, so
 * the order of operations and every rounding is part of the definition:
 *
 * - an output's place is (i + 1/2) from / to - 1/2, exactly; its fraction f is
 *   rounded to float, then to the spacing of floats between 1 and 2;
 * - weights with a = -0.75 of that f, rounded to float; borders repeated;
 * - rows first, then columns: v0 w0 + (v1 w1) and v2 w2 + (v3 w3), each with
 *   one product added unrounded, and their sum; the ends of a row in another
 *   order (cubic.c); every result rounded to float;
 * - halves to the even neighbour, cut to 0 .. 255.
 */
#ifndef FL_DATA_CUBIC_H
#define FL_DATA_CUBIC_H

#include "image/image.h"

#include <stdint.h>

/* out: [h][w][3], the caller's. Any thread. */
void cubic_resize(const struct image *im, int w, int h, uint8_t *out);

#endif

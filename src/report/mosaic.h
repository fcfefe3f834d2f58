/* mosaic.h - the pictures of a training batch with their boxes, as one picture.
 *
 * Threads: any.
 */
#ifndef FL_REPORT_MOSAIC_H
#define FL_REPORT_MOSAIC_H

#include "data/loader.h"
#include "data/options.h"
#include "image/image.h"

/* The first nine, three in a row, each within 208 pixels a side, in the colours
 * of before the reader normalised them. image: image_release() by the caller. */
void mosaic_of_batch(const struct reader_options *reader,
		     const struct batch *batch, const struct dataset *data,
		     struct image *image);

#endif

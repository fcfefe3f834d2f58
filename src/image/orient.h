/* orient.h - the orientation that a camera wrote, and pixels turned by it. */
#ifndef FL_IMAGE_ORIENT_H
#define FL_IMAGE_ORIENT_H

#include "image/image.h"

/* The orientation tag, 1 to 8, of an Exif block that begins with its TIFF
 * header ("II" or "MM"); 1 where it says none. */
int exif_orientation(const uint8_t *tiff, size_t size);
/* The same where "Exif\0\0" may stand in front. */
int exif_orientation_prefixed(const uint8_t *block, size_t size);

/* Turns the pixels as the orientation asks: 5 to 8 swap width and height. */
void orient_pixels(struct image *im, int orientation);

#endif

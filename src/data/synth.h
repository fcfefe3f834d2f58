/* synth.h - a made-up data set that a detector can learn: shapes of six
 * classes on textured grounds, as JPEG files with COCO annotations.
 *
 * 0 to 12 objects a picture, sides from 6 to 60 % of it; two objects share up
 * to half of the smaller one's box; an object is lighter or darker than the
 * mean of its ground by a factor of 1.3 or more; each class keeps near a hue of
 * its own. What a picture holds is a function of (seed, split, number) alone.
 */
#ifndef FL_DATA_SYNTH_H
#define FL_DATA_SYNTH_H

#include "base/err.h"

#include <stdint.h>

struct synth_options {
	int train, val; /* pictures */
	int width, height;
	uint64_t seed;
};

/* DIR/images/{train,val}/<n>.jpg, DIR/annotations/{train,val}.json */
int synth_make(const char *dir, const struct synth_options *options,
	       struct fl_err *err);

/* The lists alone, as large as one likes: 365 classes, 15 objects an image on
 * average, in the words of Objects365. Width and height of the options do not
 * count. */
int synth_make_annotations(const char *dir, const struct synth_options *options,
			   struct fl_err *err);

#endif

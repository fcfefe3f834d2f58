/* pixels.c - which instruction set the loops over pixels run with, and the
 * tables they take. Called by transform.c and color.c. pixels_<isa>.c hold the
 * same loops (pixels.inc.h), compiled with the flags that Makefile gives to the
 * name. */
#include "data/pixels.h"

#include "base/processor.h"

#include <math.h>

const struct pixels *pixels_best(void)
{
#ifdef __x86_64__
	static const struct pixels *const sets[FL_SETS] = {
		[FL_SET_BASE] = &pixels_base,
		[FL_SET_AVX2] = &pixels_avx2,
		[FL_SET_AVX512] = &pixels_avx512,
	};

	return sets[fl_processor_set()];
#else
	return &pixels_base;
#endif
}

/* Pillow's hue has 256 values, so what a turn makes of each is a table: the sum
 * is cut toward zero and wraps at 8 bits, then split as its conversion back
 * does. */
void pixels_turn_make(struct pixels_turn *turn, double delta)
{
	for (int h = 0; h < 256; h++) {
		int turned = (int)((unsigned)(int)(h + delta) & 255u);
		double v = turned * 6.0 / 255.0;

		turn->sector[h] = (int)floor(v) % 6;
		turn->part[h] = (float)(v - floor(v));
	}
}

/* numpy's arrays of mean and std are float32, and it computes with them in
 * float64: hence the double of a float. */
void pixels_scale_make(struct pixels_scale *s, bool by_255, const double *mean,
		       const double *std)
{
	s->scale = by_255;
	s->mean_std = mean && std;
	for (int i = 0; i < PIXELS_PERIOD; i++) {
		s->mean[i] = mean ? (double)(float)mean[i % 3] : 0;
		s->std[i] = std ? (double)(float)std[i % 3] : 1;
		s->inverse[i] = 1 / s->std[i];
	}
}

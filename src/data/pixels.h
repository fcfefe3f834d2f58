/* pixels.h - the inner loops over pixels, compiled once per instruction set.
 *
 * pixels.inc.h holds the loops in plain C that compilers vectorise; each
 * pixels_<isa>.c compiles it with other flags; pixels_best() picks the best the
 * processor has. Unlike the passes of the cpu backend every set gives the same
 * bits: products and sums are rounded one by one, in the order of the
 * definition (tests/property/test_pixels.c).
 *
 * Threads: any.
 */
#ifndef FL_DATA_PIXELS_H
#define FL_DATA_PIXELS_H

#include "data/axis.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is done to a resampled value: (v / 255 - mean) / std, each part of it
 * only where it is asked for. The numbers of a channel stand for values c,
 * c + 3, c + 6, ... of a row. */
#define PIXELS_PERIOD 48
struct pixels_scale {
	bool scale, mean_std;
	double mean[PIXELS_PERIOD], std[PIXELS_PERIOD];
	double inverse[PIXELS_PERIOD]; /* 1 / std, rounded */
};

/* Of each hue in 8 bits, after it was turned: sixth of the circle, and how far
 * in it. */
struct pixels_turn {
	int sector[256];
	float part[256];
};

struct pixels {
	const char *name;
	/* p = grey + f (p - grey), cut and clipped; n values */
	void (*towards)(uint8_t *p, size_t n, int grey, float f);
	/* Each pixel towards its own grey */
	void (*saturation)(uint8_t *p, size_t pixels, float f);
	void (*hue)(uint8_t *p, size_t pixels, const struct pixels_turn *turn);
	uint64_t (*luma_sum)(const uint8_t *p, size_t pixels);
	void (*widen)(const uint8_t *from, float *to, size_t n);
	/* A row resampled across. One value behind the last pixel is read of
	 * row and written of out. */
	void (*across)(const struct axis *a, const float *row, float *out);
	/* The sum of rows by weights, then what scale says */
	void (*down)(const float *const *rows, const float *weight, int count,
		     const struct pixels_scale *scale, float *out, size_t n);
	/* What scale says, in place too */
	void (*normalise)(const float *from, const struct pixels_scale *scale,
			  float *out, size_t n);
};

extern const struct pixels pixels_base, pixels_avx2, pixels_avx512;
const struct pixels *pixels_best(void);

/* The hue of Pillow's 8 bits turned by delta of 256. */
void pixels_turn_make(struct pixels_turn *turn, double delta);
/* mean and std of the three channels, NULL where they are left out. */
void pixels_scale_make(struct pixels_scale *scale, bool by_255,
		       const double *mean, const double *std);

#endif

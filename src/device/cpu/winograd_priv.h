/* winograd_priv.h - tiles of a map, for winograd.c and winograd_weights.c. */
#ifndef FL_DEVICE_CPU_WINOGRAD_PRIV_H
#define FL_DEVICE_CPU_WINOGRAD_PRIV_H

#include "device/cpu/winograd.h"
#include "device/cpu/winograd_kernels.h"

static inline size_t winograd_tiles(const struct dev_conv_desc *d)
{
	return (size_t)d->n * (size_t)((d->h + 3) / 4) *
	       (size_t)((d->w + 3) / 4);
}

/* Floats of a row of so many channels: whole vectors, and an odd number of cache
 * lines, so that rows do not fall onto the same places of a cache. */
static inline size_t winograd_row(const struct winograd *w, int channels)
{
	size_t v = (size_t)w->k->vector;
	size_t n = ((size_t)channels + v - 1) / v * v;
	size_t lines = (n + 15) / 16;

	return (lines % 2 ? lines : lines + 1) * 16;
}

/* Columns of a product over so many channels. */
static inline int winograd_columns(const struct winograd *w, int channels)
{
	int v = w->k->vector;

	return (channels + v - 1) / v * v;
}

/* Floats from one place of a spectrum of so many rows to the next: a cache line more
 * than the rows, for the same reason. */
static inline size_t winograd_step(size_t rows, size_t row)
{
	return rows * row + 16;
}

/* A pixel beyond the border. */
extern float winograd_zeros[DEV_MAX_CHANNELS];

/* Where the size x size pixels of tile t begin that start 'border' before its
 * results; those outside the map are 'outside'. */
void winograd_pixels(const struct winograd *w, const struct tensor *map,
		     size_t t, int border, int size, void *outside, void **p);

#endif

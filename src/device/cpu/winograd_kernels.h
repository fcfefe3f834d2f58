/* winograd_kernels.h - inner loops of winograd.c, compiled once per instruction
 * set from winograd.inc.h. For src/device/cpu.
 *
 * F(4x4, 3x3): a tile of 4 x 4 results takes 6 x 6 sources and 36 products a
 * channel instead of 144. With d the sources, g the taps and * the product of
 * places:  y = A'[(G g G') * (B' d B)]A, where B, G and A interpolate at 0,
 * +-5/8, +-3/2 and infinity. These points round half as much as the textbook's
 * +-1, +-2, and all but G's numbers are exact in float.
 *
 * A "spectrum" is those 36 places, each a row of channels, 'step' floats from
 * one place to the next. Rows are whole vectors, zero beyond the channels.
 */
#ifndef FL_DEVICE_CPU_WINOGRAD_KERNELS_H
#define FL_DEVICE_CPU_WINOGRAD_KERNELS_H

#include <stdbool.h>
#include <stddef.h>

#define WINOGRAD_IN 6
#define WINOGRAD_OUT 4
#define WINOGRAD_PLACES 36

/* c[r c_row + j] = sum over k < terms of a(r, k) b[k b_row + j], r in 0 .. rows,
 * j in 0 .. columns; add: +=. Where a(r, k) lies is a matter of the function. */
struct winograd_product {
	const float *a, *b;
	float *c;
	size_t a_row, b_row, c_row;
	int rows, columns; /* multiples of rows_at_once and of vector */
	int terms;
	bool add;
};

struct winograd_kernels {
	int vector;	  /* floats */
	size_t pixel;	  /* bytes of a value of a map */
	int rows_at_once; /* of a product */
	/* B' d B of one tile, whose pixels are at p. */
	void (*sources)(const void *const p[36], int channels, float *out,
			size_t step);
	/* A'mA, with the bias or NULL; acc adds to what is there. */
	void (*results)(const float *m, size_t step, int channels,
			const float *bias, bool acc, void *const p[16]);
	/* A dy A' */
	void (*gradients)(const void *const p[16], int channels, float *out,
			  size_t step);
	/* G g G' of one input: out[place][input][output]. weights [out][3][3][in]. */
	void (*taps)(const float *weights, int inputs, int outputs, int input,
		     float *out, size_t row, size_t step);
	/* The same of the flipped taps of one output: out[place][output][input]. */
	void (*taps_flipped)(const float *weights, int inputs, int output,
			     float *out, size_t row, size_t step);
	/* G' u G of one output; u[place][output][input] */
	void (*tap_gradients)(const float *u, size_t row, size_t step,
			      int inputs, int output, float *dw);
	/* a's terms lie side by side: a(r, k) = a[r a_row + k] */
	void (*product)(const struct winograd_product *p);
	/* a's rows lie side by side: a(r, k) = a[k a_row + r] */
	void (*product_across)(const struct winograd_product *p);
};

extern const struct winograd_kernels winograd_avx2, winograd_avx512;
/* Maps in BF16, as all that is multiplied; spectra, products and sums are floats
 * nevertheless. */
extern const struct winograd_kernels winograd_avx512_bf16;

#endif

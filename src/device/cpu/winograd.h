/* winograd.h - 3x3 convolutions of stride 1 by F(4x4, 3x3) in float32: a quarter of
 * a direct convolution's products. Maps are F32 or, where AVX512_BF16 rounds,
 * BF16. For src/device/cpu.
 *
 * Each direction stands alone: a convolution may take one by Winograd and the
 * others from oneDNN. Rounding is about twice a direct convolution's (relative
 * L2 distance from float64 4e-7 to 1.3e-6; docs/parity.md). The same inputs
 * give the same bits for any number of threads.
 *
 * Threads: the compute thread. Workspace is the caller's, 64-byte aligned.
 */
#ifndef FL_DEVICE_CPU_WINOGRAD_H
#define FL_DEVICE_CPU_WINOGRAD_H

#include "device/op.h"

struct winograd_kernels;

struct winograd {
	struct dev_conv_desc d;
	const struct winograd_kernels *k;
	int workers; /* threads when the plan was made */
};

/* A convolution that can be done so, on this processor. */
bool winograd_fits(const struct dev_conv_desc *d);
void winograd_init(struct winograd *w, const struct dev_conv_desc *d);

size_t winograd_forward_bytes(const struct winograd *w);
size_t winograd_data_bytes(const struct winograd *w);
size_t winograd_weights_bytes(const struct winograd *w);

void winograd_forward(const struct winograd *w, const struct tensor *x,
		      const float *weights, const float *bias,
		      const struct tensor *y, void *workspace);
void winograd_data(const struct winograd *w, const struct tensor *dy,
		   const float *weights, const struct tensor *dx, bool acc,
		   void *workspace);
void winograd_weights(const struct winograd *w, const struct tensor *x,
		      const struct tensor *dy, float *dw, float *db,
		      void *workspace);

#endif

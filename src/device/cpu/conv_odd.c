/* Where the results of a 1x1 convolution in BF16 are odd in number, oneDNN 2.6.3 with
 * AVX512_BF16 (jit_bf16_1x1), whose instruction multiplies channels in pairs,
 * makes a dx that is wrong by as much as it is large. Seen on AMD Zen 4 with two
 * images of 10 x 15, for every odd number; the other directions and 3x3
 * convolutions are right. No layer of PP-YOLOE has such a number, so what
 * stands here in its place is plain: a pixel's gradient is a sum of rows of
 * the weights in float. */
#include "device/cpu/conv_odd.h"

#include "base/par.h"
#include "device/cpu/kernels.h"
#include "tensor/value.h"

#include <string.h>

/* Pixels of a chunk. */
#define PIXELS 64

bool conv_odd_fits(const struct dev_conv_desc *d)
{
	return d->k == 1 && d->stride == 1 && d->cout % 2 == 1 &&
	       d->cin <= CPU_MAX_CHANNELS && dev_conv_type(d) == DTYPE_BF16;
}

/* The weights as BF16 has them, in float. */
size_t conv_odd_bytes(const struct dev_conv_desc *d)
{
	return (size_t)d->cin * (size_t)d->cout * sizeof(float);
}

struct odd_job {
	const struct tensor *dy, *dx;
	const float *weights;
	bool acc;
};

static void some_pixels(void *ctx, size_t first, size_t last, int chunk)
{
	const struct odd_job *j = ctx;
	const struct flat_kernels *k = cpu_kernel_set()->flat;
	size_t in = (size_t)j->dx->c, out = (size_t)j->dy->c;
	float sum[CPU_MAX_CHANNELS];

	(void)chunk;
	for (size_t p = first; p < last; p++) {
		memset(sum, 0, in * sizeof(*sum));
		for (size_t o = 0; o < out; o++) {
			float v = tensor_get(j->dy, p * out + o);

			/* dy may be F32, and is multiplied as BF16 */
			k->axpy(value_rounded(DTYPE_BF16, v),
				j->weights + o * in, sum, in);
		}
		for (size_t i = 0; i < in; i++)
			tensor_put(j->dx, p * in + i,
				   j->acc ? tensor_get(j->dx, p * in + i) +
						    sum[i]
					  : sum[i]);
	}
}

void conv_odd_data(const struct tensor *dy, const float *weights,
		   const struct tensor *dx, bool acc, void *workspace)
{
	struct odd_job j = { dy, dx, workspace, acc };
	float *rounded = workspace;

	for (size_t i = 0; i < (size_t)dx->c * (size_t)dy->c; i++)
		rounded[i] = value_rounded(DTYPE_BF16, weights[i]);
	fl_par_for(tensor_pixels(dx), PIXELS, some_pixels, &j);
}

/* kernels.h - inner loops of the passes, compiled once per instruction set, and
 * those over maps once per type of map as well.
 *
 * kernels.inc.h and flat.inc.h hold the loops in plain C that compilers
 * vectorise; each kernels_<isa>.c compiles them with other flags, and
 * kernels_<isa>_bf16.c the first once more for maps in BF16 (norm_bf16.inc.h has
 * loops of its own where AVX512_BF16 rounds); cpu_kernels() picks the best the
 * processor has. Those over maps work on pixels
 * [first, last) of dense or strided ones; sums of up to SPAN pixels
 * (loops.h) are float, beyond that double.
 */
#ifndef FL_DEVICE_CPU_KERNELS_H
#define FL_DEVICE_CPU_KERNELS_H

#include "device/op.h"

/* Sums of one pixel's channels lie on the stack. */
#define CPU_MAX_CHANNELS DEV_MAX_CHANNELS

struct cpu_kernels {
	/* z is dense */
	void (*stats)(const struct tensor *z, size_t first, size_t last,
		      double *sums);
	void (*norm)(const struct dev_branch *b, int count, enum dev_act act,
		     const struct tensor *residual, const struct tensor *y,
		     size_t first, size_t last);
	void (*norm_sums)(const struct dev_branch *b, int count,
			  enum dev_act act, const struct tensor *dy,
			  const struct tensor *g, size_t first, size_t last,
			  double *sums);
	void (*norm_apply)(const struct tensor *g, const struct tensor *z,
			   const float *mean, const float *a, const float *b,
			   const float *d, const struct tensor *dz,
			   size_t first, size_t last);
	/* sums[c] += x */
	void (*sum)(const struct tensor *x, size_t first, size_t last,
		    double *sums);
	void (*mul)(const struct tensor *x, const float *gate,
		    const struct tensor *y, bool acc, size_t first,
		    size_t last);
	/* sums[c] += x y */
	void (*product_sum)(const struct tensor *x, const struct tensor *y,
			    size_t first, size_t last, double *sums);
	void (*add_vector)(const float *v, float factor, const struct tensor *y,
			   bool acc, size_t first, size_t last);
	void (*copy)(const struct tensor *x, const struct tensor *y, bool acc,
		     size_t first, size_t last);
	/* y = x, which are floats without gaps */
	void (*rounded)(const float *x, const struct tensor *y, size_t first,
			size_t last);
	/* x: the parts of a pixel one after another */
	void (*add_parts)(const float *x, int parts, const float *bias,
			  const struct tensor *y, bool acc, size_t first,
			  size_t last);
	/* One output row y of image n. */
	void (*maxpool_row)(const struct tensor *x, int k,
			    const struct tensor *out, uint8_t *arg, int n,
			    int y);
	/* Of image n: outputs scatter over all of its pixels. */
	void (*maxpool_back)(const struct tensor *dy, const uint8_t *won, int k,
			     const struct tensor *dx, int n);
	/* One source row of the gradient, of image n. */
	void (*upsample_row)(const struct tensor *dy, const struct tensor *dx,
			     bool acc, int n, int y);
};

struct flat_kernels {
	float (*dot)(const float *a, const float *b, size_t n);
	/* y += a x */
	void (*axpy)(float a, const float *x, float *y, size_t n);
	double (*varifocal)(const float *z, size_t n, float factor, float *dz);
	void (*momentum)(float *w, float *v, const float *g, size_t n, float lr,
			 float mu, float wd);
	void (*ema)(float *e, const float *w, size_t n, float keep, float take);
	double (*sum_squares)(const float *x, size_t n);
};

struct winograd_kernels;

/* All of one instruction set. */
struct kernel_set {
	const char *name;
	const struct cpu_kernels *f32, *bf16;
	const struct flat_kernels *flat;
	const struct winograd_kernels *winograd; /* NULL: has none */
	const struct winograd_kernels *winograd_bf16;
};

extern const struct cpu_kernels kernels_base, kernels_avx2, kernels_avx512;
extern const struct cpu_kernels kernels_base_bf16, kernels_avx2_bf16,
	kernels_avx512_bf16, kernels_avx512_own_bf16;
extern const struct flat_kernels flat_base, flat_avx2, flat_avx512;

const struct kernel_set *cpu_kernel_set(void);

/* For maps of this type. */
static inline const struct cpu_kernels *cpu_kernels(enum dtype type)
{
	const struct kernel_set *set = cpu_kernel_set();

	return type == DTYPE_BF16 ? set->bf16 : set->f32;
}

#endif

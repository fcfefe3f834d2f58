/* kernels.h - inner loops of the passes, compiled once per instruction set.
 *
 * kernels.inc.h holds the loops in plain C that compilers vectorise; each
 * kernels_<isa>.c compiles it with other flags; cpu_kernels() picks the best
 * the processor has. All work on pixels [first, last) of dense or strided
 * maps; sums of up to 256 pixels are float, beyond that double.
 */
#ifndef FL_DEVICE_CPU_KERNELS_H
#define FL_DEVICE_CPU_KERNELS_H

#include "device/op.h"

/* Sums of one pixel's channels lie on the stack. */
#define CPU_MAX_CHANNELS DEV_MAX_CHANNELS

struct kernels {
	const char *name;
	void (*stats)(const float *z, size_t c, size_t first, size_t last,
		      double *sums);
	void (*norm)(const struct dev_branch *b, int count, enum dev_act act,
		     const struct tensor *residual, const struct tensor *y,
		     size_t first, size_t last);
	void (*norm_sums)(const struct dev_branch *b, int count,
			  enum dev_act act, const struct tensor *dy,
			  const struct tensor *g, size_t first, size_t last,
			  double *sums);
	void (*norm_apply)(const float *g, const float *z, const float *mean,
			   const float *a, const float *b, const float *d,
			   float *dz, size_t c, size_t first, size_t last);
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
	/* x: the parts of a pixel one after another */
	void (*add_parts)(const float *x, int parts, const float *bias,
			  const struct tensor *y, bool acc, size_t first,
			  size_t last);
	/* One output row y of image n. */
	void (*maxpool_row)(const struct tensor *x, int k,
			    const struct tensor *out, uint8_t *arg, int n,
			    int y);
	/* One source row of the gradient. */
	void (*upsample_row)(const struct tensor *dy, const struct tensor *dx,
			     bool acc, int n, int y);
	float (*dot)(const float *a, const float *b, size_t n);
	/* y += a x */
	void (*axpy)(float a, const float *x, float *y, size_t n);
	double (*varifocal)(const float *z, size_t n, float factor, float *dz);
	void (*momentum)(float *w, float *v, const float *g, size_t n, float lr,
			 float mu, float wd);
	void (*ema)(float *e, const float *w, size_t n, float keep, float take);
	double (*sum_squares)(const float *x, size_t n);
};

extern const struct kernels kernels_base, kernels_avx2, kernels_avx512;
const struct kernels *cpu_kernels(void);

#endif

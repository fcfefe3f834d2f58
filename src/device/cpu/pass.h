/* pass.h - the memory-bound operations of the cpu backend, in parallel; the
 * contracts stand in device/op.h. For src/device/cpu. */
#ifndef FL_DEVICE_CPU_PASS_H
#define FL_DEVICE_CPU_PASS_H

#include "device/op.h"

void cpu_norm_stats(struct dev_queue *q, const struct tensor *z, double *sums);
void cpu_norm_forward(struct dev_queue *q, const struct dev_branch *branches,
		      int count, enum dev_act act,
		      const struct tensor *residual, const struct tensor *y);
void cpu_norm_backward_sums(struct dev_queue *q,
			    const struct dev_branch *branches, int count,
			    enum dev_act act, const struct tensor *dy,
			    const struct tensor *g, double *sums);
void cpu_norm_backward_apply(struct dev_queue *q, const struct tensor *g,
			     const struct tensor *z, const float *mean,
			     const float *a, const float *b, const float *d,
			     const struct tensor *dz);
void cpu_gap_forward(struct dev_queue *q, const struct tensor *x, float *y);
void cpu_gap_backward(struct dev_queue *q, const float *dy,
		      const struct tensor *dx, bool acc);
void cpu_fc_forward(struct dev_queue *q, const float *x, const float *w,
		    const float *b, int n, int cin, int cout,
		    enum dev_gate gate, float *y);
void cpu_fc_backward(struct dev_queue *q, const float *x, const float *w,
		     const float *y, const float *dy, int n, int cin, int cout,
		     enum dev_gate gate, float *dx, float *dw, float *db,
		     float *scratch);
void cpu_scale_forward(struct dev_queue *q, const struct tensor *x,
		       const float *gate, const struct tensor *y);
void cpu_scale_backward(struct dev_queue *q, const struct tensor *x,
			const float *gate, const struct tensor *dy,
			const struct tensor *dx, bool acc, float *dgate);
void cpu_maxpool_forward(struct dev_queue *q, const struct tensor *x, int k,
			 const struct tensor *y, uint8_t *arg);
void cpu_maxpool_backward(struct dev_queue *q, const struct tensor *dy,
			  const uint8_t *arg, int k, const struct tensor *dx);
void cpu_upsample_forward(struct dev_queue *q, const struct tensor *x,
			  const struct tensor *y);
void cpu_upsample_backward(struct dev_queue *q, const struct tensor *dy,
			   const struct tensor *dx, bool acc);
void cpu_copy(struct dev_queue *q, const struct tensor *src,
	      const struct tensor *dst, bool acc);
/* y = x, dense both, rounded to y's type. */
void cpu_round(const float *x, const struct tensor *y);
/* y = sum of parts + bias, which may be NULL; acc adds to y. The parts of a pixel
 * lie one after another, dense. */
void cpu_add_parts(const float *x, int parts, const float *bias,
		   const struct tensor *y, bool acc);
void cpu_varifocal(struct dev_queue *q, const float *z, size_t n, float factor,
		   float *dz, double *sum);
void cpu_momentum(struct dev_queue *q, float *w, float *v, const float *g,
		  size_t n, float lr, float mu, float wd);
void cpu_ema(struct dev_queue *q, float *e, const float *w, size_t n,
	     double decay);
void cpu_sum_squares(struct dev_queue *q, const float *x, size_t n,
		     double *sum);

#endif

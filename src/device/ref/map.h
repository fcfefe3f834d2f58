/* map.h - everything but convolution and norm, by definition; for src/device. */
#ifndef FL_DEVICE_REF_MAP_H
#define FL_DEVICE_REF_MAP_H

#include "device/op.h"

void ref_gap_forward(struct dev_queue *q, const struct tensor *t, float *out);
void ref_gap_backward(struct dev_queue *q, const float *dy,
		      const struct tensor *dx, bool acc);
void ref_fc_forward(struct dev_queue *q, const float *x, const float *w,
		    const float *b, int n, int cin, int cout,
		    enum dev_gate gate, float *y);
void ref_fc_backward(struct dev_queue *q, const float *x, const float *w,
		     const float *y, const float *dy, int n, int cin, int cout,
		     enum dev_gate gate, float *dx, float *dw, float *db,
		     float *scratch);
void ref_scale_forward(struct dev_queue *q, const struct tensor *t,
		       const float *gate, const struct tensor *out);
void ref_scale_backward(struct dev_queue *q, const struct tensor *t,
			const float *gate, const struct tensor *dy,
			const struct tensor *dx, bool acc, float *dgate);
void ref_maxpool_forward(struct dev_queue *q, const struct tensor *t, int k,
			 const struct tensor *out, uint8_t *arg);
void ref_maxpool_backward(struct dev_queue *q, const struct tensor *dy,
			  const uint8_t *arg, int k, const struct tensor *dx);
void ref_upsample_forward(struct dev_queue *q, const struct tensor *t,
			  const struct tensor *out);
void ref_upsample_backward(struct dev_queue *q, const struct tensor *dy,
			   const struct tensor *dx, bool acc);
void ref_copy(struct dev_queue *q, const struct tensor *src,
	      const struct tensor *dst, bool acc);
void ref_varifocal(struct dev_queue *q, const float *z, size_t n, float factor,
		   float *dz, double *sum);
void ref_momentum(struct dev_queue *q, float *w, float *v, const float *g,
		  size_t n, float lr, float mu, float wd);
void ref_ema(struct dev_queue *q, float *e, const float *w, size_t n,
	     double decay);
void ref_sum_squares(struct dev_queue *q, const float *x, size_t n,
		     double *sum);
void ref_scale(struct dev_queue *q, float *x, size_t n, float factor);
void ref_divide(struct dev_queue *q, const float *x, size_t n, float divisor,
		float *y);
void ref_add(struct dev_queue *q, const float *x, size_t n, float factor,
	     float *y);
void ref_clamp(struct dev_queue *q, float *x, size_t n, float bound);
void ref_zero(struct dev_queue *q, const struct tensor *t);

#endif

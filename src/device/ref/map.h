/* map.h - everything but convolution and norm, by definition; for src/device. */
#ifndef FL_DEVICE_REF_MAP_H
#define FL_DEVICE_REF_MAP_H

#include "device/op.h"

void ref_gap_forward(const struct tensor *t, float *out);
void ref_gap_backward(const float *dy, const struct tensor *dx, bool acc);
void ref_fc_forward(const float *x, const float *w, const float *b, int n,
		    int cin, int cout, enum dev_gate gate, float *y);
void ref_fc_backward(const float *x, const float *w, const float *y,
		     const float *dy, int n, int cin, int cout,
		     enum dev_gate gate, float *dx, float *dw, float *db,
		     float *scratch);
void ref_scale_forward(const struct tensor *t, const float *gate,
		       const struct tensor *out);
void ref_scale_backward(const struct tensor *t, const float *gate,
			const struct tensor *dy, const struct tensor *dx,
			bool acc, float *dgate);
void ref_maxpool_forward(const struct tensor *t, int k,
			 const struct tensor *out, uint8_t *arg);
void ref_maxpool_backward(const struct tensor *dy, const uint8_t *arg, int k,
			  const struct tensor *dx);
void ref_upsample_forward(const struct tensor *t, const struct tensor *out);
void ref_upsample_backward(const struct tensor *dy, const struct tensor *dx,
			   bool acc);
void ref_copy(const struct tensor *src, const struct tensor *dst, bool acc);
double ref_varifocal(const float *z, size_t n, float factor, float *dz);
void ref_momentum(float *w, float *v, const float *g, size_t n, float lr,
		  float mu, float wd);
void ref_ema(float *e, const float *w, size_t n, double decay);
double ref_sum_squares(const float *x, size_t n);
void ref_scale(float *x, size_t n, float factor);
void ref_zero(float *x, size_t n);

#endif

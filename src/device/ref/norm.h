/* norm.h - batch normalisation by its definition; for src/device. */
#ifndef FL_DEVICE_REF_NORM_H
#define FL_DEVICE_REF_NORM_H

#include "device/op.h"

void ref_norm_stats(struct dev_queue *q, const struct tensor *z, double *sums);
void ref_norm_forward(struct dev_queue *q, const struct dev_branch *branches,
		      int count, enum dev_act act,
		      const struct tensor *residual, const struct tensor *y);
void ref_norm_backward_sums(struct dev_queue *q,
			    const struct dev_branch *branches, int count,
			    enum dev_act act, const struct tensor *dy,
			    const struct tensor *g, double *sums);
void ref_norm_backward_apply(struct dev_queue *q, const struct tensor *g,
			     const struct tensor *z, const float *mean,
			     const float *a, const float *b, const float *d,
			     const struct tensor *dz);

/* norm_state.c: what stands between the passes. */
void ref_norm_own(struct dev_queue *q, const struct dev_norm *n, double *sums);
void ref_norm_finish(struct dev_queue *q, const struct dev_norm *n,
		     const double *sums);
void ref_norm_running(struct dev_queue *q, const struct dev_norm *n);
void ref_norm_params(struct dev_queue *q, const struct dev_norm *n,
		     double *sums);
void ref_norm_coefficients(struct dev_queue *q, const struct dev_norm *n,
			   const double *sums);

#endif

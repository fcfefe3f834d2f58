/* norm.h - batch normalisation by its definition; for src/device. */
#ifndef FL_DEVICE_REF_NORM_H
#define FL_DEVICE_REF_NORM_H

#include "device/op.h"

void ref_norm_stats(const struct tensor *z, double *sums);
void ref_norm_forward(const struct dev_branch *branches, int count,
		      enum dev_act act, const struct tensor *residual,
		      const struct tensor *y);
void ref_norm_backward_sums(const struct dev_branch *branches, int count,
			    enum dev_act act, const struct tensor *dy,
			    const struct tensor *g, double *sums);
void ref_norm_backward_apply(const struct tensor *g, const struct tensor *z,
			     const float *mean, const float *a, const float *b,
			     const float *d, const struct tensor *dz);

#endif

/* conv.h - the convolution by its definition; for src/device. */
#ifndef FL_DEVICE_REF_CONV_H
#define FL_DEVICE_REF_CONV_H

#include "device/op.h"

int ref_conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		 struct dev_conv **out, struct fl_err *err);
size_t ref_conv_workspace(const struct dev_conv *c);
void ref_conv_free(struct dev_conv *c);
void ref_conv_forward(struct dev_queue *q, struct dev_conv *c,
		      const struct tensor *x, const float *weights,
		      const float *bias, const struct tensor *y, double *sums,
		      void *workspace);
void ref_conv_backward_data(struct dev_queue *q, struct dev_conv *c,
			    const struct tensor *dy, const float *weights,
			    const struct tensor *dx, bool acc, void *workspace);
void ref_conv_backward_weights(struct dev_queue *q, struct dev_conv *c,
			       const struct tensor *x, const struct tensor *dy,
			       float *dw, float *db, void *workspace);

#endif

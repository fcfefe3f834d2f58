/* conv.h - convolutions by oneDNN; for src/device/cpu. */
#ifndef FL_DEVICE_CPU_CONV_H
#define FL_DEVICE_CPU_CONV_H

#include "device/op.h"

int cpu_conv_new(struct dev *dev, const struct dev_conv_desc *desc,
		 struct dev_conv **out, struct fl_err *err);
/* The same by given kernels. */
struct cpu_choice;
int cpu_conv_make(const struct dev_conv_desc *desc,
		  const struct cpu_choice *choice, struct dev_conv **out,
		  struct fl_err *err);
size_t cpu_conv_workspace(const struct dev_conv *c);
void cpu_conv_free(struct dev_conv *c);
void cpu_conv_forward(struct dev_queue *q, struct dev_conv *c,
		      const struct tensor *x, const float *weights,
		      const float *bias, const struct tensor *y, double *sums,
		      void *workspace);
void cpu_conv_backward_data(struct dev_queue *q, struct dev_conv *c,
			    const struct tensor *dy, const float *weights,
			    const struct tensor *dx, bool acc, void *workspace);
void cpu_conv_backward_weights(struct dev_queue *q, struct dev_conv *c,
			       const struct tensor *x, const struct tensor *dy,
			       float *dw, float *db, void *workspace);

#endif

/* conv_odd.h - the gradient by the source of 1x1 convolutions in BF16 with an odd
 * number of results, which oneDNN gets wrong; for src/device/cpu.
 *
 * Threads: the compute thread. Workspace is the caller's, 64-byte aligned.
 */
#ifndef FL_DEVICE_CPU_CONV_ODD_H
#define FL_DEVICE_CPU_CONV_ODD_H

#include "device/op.h"

bool conv_odd_fits(const struct dev_conv_desc *d);
size_t conv_odd_bytes(const struct dev_conv_desc *d);
/* As conv_backward_data of device/op.h. */
void conv_odd_data(const struct tensor *dy, const float *weights,
		   const struct tensor *dx, bool acc, void *workspace);

#endif

/* bf16.h - what bf16 is worth on this processor; for src/device/cpu. */
#ifndef FL_DEVICE_CPU_BF16_H
#define FL_DEVICE_CPU_BF16_H

#include "device/device.h"

void cpu_bf16(struct dev_bf16 *out);
/* What oneDNN multiplies BF16 with: "AMX", "AVX512_BF16", "AVX-512's floats". */
const char *cpu_bf16_way(void);
/* How many times as fast as in F32 a convolution is in BF16: the best of a few
 * turns of each, which take some hundredths of a second. Tests call it too. */
int cpu_bf16_trial(double *ratio, struct fl_err *err);

#endif

/* choice.h - which kernel computes a convolution, direction by direction; for
 * src/device/cpu.
 *
 * oneDNN does every shape; Winograd (winograd.h) does 3x3 of stride 1 in float32
 * with fewer products and more rounding. By the table the choice is a matter of
 * the shape alone: the same on every processor that has Winograd's loops, on
 * every day. */
#ifndef FL_DEVICE_CPU_CHOICE_H
#define FL_DEVICE_CPU_CHOICE_H

#include "device/op.h"

enum cpu_kernel {
	CPU_ONEDNN,
	CPU_WINOGRAD,
	CPU_KERNELS
};

enum cpu_direction {
	CPU_FORWARD,
	CPU_DATA,
	CPU_WEIGHTS,
	CPU_DIRECTIONS
};

/* A kernel for each direction. */
struct cpu_choice {
	unsigned char kernel[CPU_DIRECTIONS];
};

struct cpu_choice cpu_choice_of(const struct dev_conv_desc *d);

#endif

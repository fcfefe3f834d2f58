/* choice.h - which kernel computes a convolution, direction by direction; for
 * src/device/cpu.
 *
 * oneDNN does every shape; Winograd (winograd.h) does 3x3 of stride 1 in float32
 * with fewer products and more rounding; between maps in BF16 too, where that
 * rounding is nothing beside theirs, by the table alone. By the table (choice.c) the choice is a
 * matter of the shape alone: the same on every processor that has Winograd's
 * loops, on every day. By measuring (choice_measure.c) it is what was quicker
 * here, once; choice_known.c remembers it.
 *
 * The choices are the process's, as oneDNN's engine is. Threads: the compute
 * thread.
 */
#ifndef FL_DEVICE_CPU_CHOICE_H
#define FL_DEVICE_CPU_CHOICE_H

#include "base/str.h"
#include "device/device.h"

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

/* What cpu_conv_new takes: what was measured, or taken from another rank, or
 * what the table says. */
struct cpu_choice cpu_choice_of(const struct dev_conv_desc *d);
struct cpu_choice cpu_choice_by_table(const struct dev_conv_desc *d);

/* Both kernels in turns, some tenths of a second at most; the table's stays
 * where the other is not quicker by a tenth. Directions that the description
 * does not want are the table's. */
int cpu_choice_measure(const struct dev_conv_desc *d, struct cpu_choice *out,
		       struct fl_err *err);

/* --- choice_known.c: see struct dev_kernels --- */

extern const struct dev_kernels cpu_kernel_choices;
/* ", Winograd by table 1"; for cpu_device.arithmetic. */
const char *cpu_choice_words(void);

#endif

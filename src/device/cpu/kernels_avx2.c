/* The passes for AVX2; cpu.c picks among the sets by what the processor has,
 * flags stand in Makefile.flags. */
#define KERNELS kernels_avx2
#define FLAT_KERNELS flat_avx2
#include "device/cpu/flat.inc.h"
#include "device/cpu/kernels.inc.h"

/* The passes for AVX-512; cpu.c picks among the sets by what the processor
 * has, flags stand in Makefile.flags. */
#define KERNELS kernels_avx512
#define FLAT_KERNELS flat_avx512
#include "device/cpu/flat.inc.h"
#include "device/cpu/kernels.inc.h"

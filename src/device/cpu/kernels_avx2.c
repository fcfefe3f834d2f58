/* The passes for AVX2; flags in Makefile.flags. */
#define KERNELS kernels_avx2
#define FLAT_KERNELS flat_avx2
#include "device/cpu/flat.inc.h"
#include "device/cpu/kernels.inc.h"

/* The passes for AVX2; flags in Makefile.flags. */
#define KERNELS kernels_avx2
#define KERNELS_NAME "AVX2"
#include "device/cpu/kernels.inc.h"

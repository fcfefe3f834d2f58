/* The passes for AVX-512; flags in Makefile.flags. */
#define KERNELS kernels_avx512
#define KERNELS_NAME "AVX-512"
#include "device/cpu/kernels.inc.h"

/* The passes over maps in BF16 for AVX2; flags in Makefile.flags. */
#define KERNELS kernels_avx2_bf16
#define MAP_BF16
#include "device/cpu/kernels.inc.h"

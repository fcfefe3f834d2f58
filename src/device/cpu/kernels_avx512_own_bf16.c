/* The passes over maps in BF16 for AVX-512 where AVX512_BF16 is there as well: a
 * normalisation's are written on vectors. */
#ifdef __x86_64__
#define KERNELS kernels_avx512_own_bf16
#define MAP_BF16
#define OWN_NORMS
#include "device/cpu/kernels.inc.h"
#endif

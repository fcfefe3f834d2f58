/* Winograd's loops for AVX-512 with maps in F32: the vectors and what moves them are
 * those of winograd_avx512.inc.h; flags stand in Makefile.flags. */
#ifdef __x86_64__
#define KERNELS winograd_avx512
#include "device/cpu/winograd_avx512.inc.h"

#include "device/cpu/winograd.inc.h"
#endif

/* The passes over pixels for AVX2; pixels.c picks by the processor, flags stand
 * in Makefile.flags. */
#define PIXELS pixels_avx2
#define PIXELS_NAME "AVX2"
#include "data/pixels.inc.h"

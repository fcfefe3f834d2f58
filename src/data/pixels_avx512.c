/* The passes over pixels for AVX-512; pixels.c picks by the processor, flags
 * stand in Makefile.flags. */
#define PIXELS pixels_avx512
#define PIXELS_NAME "AVX-512"
#include "data/pixels.inc.h"

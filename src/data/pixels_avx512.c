/* The loops over pixels for AVX-512; flags in Makefile.flags. */
#define PIXELS pixels_avx512
#define PIXELS_NAME "AVX-512"
#include "data/pixels.inc.h"

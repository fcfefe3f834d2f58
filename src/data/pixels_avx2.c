/* The loops over pixels for AVX2; flags in Makefile.flags. */
#define PIXELS pixels_avx2
#define PIXELS_NAME "AVX2"
#include "data/pixels.inc.h"

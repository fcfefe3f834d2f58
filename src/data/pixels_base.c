/* The passes over pixels for any processor of the architecture; pixels.c picks
 * this where there is nothing wider. */
#define PIXELS pixels_base
#define PIXELS_NAME "baseline"
#include "data/pixels.inc.h"

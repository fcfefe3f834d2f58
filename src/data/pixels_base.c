/* The loops over pixels for baseline; flags in Makefile.flags. */
#define PIXELS pixels_base
#define PIXELS_NAME "baseline"
#include "data/pixels.inc.h"

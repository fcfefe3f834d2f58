/* The passes for baseline; flags in Makefile.flags. */
#define KERNELS kernels_base
#define FLAT_KERNELS flat_base
#include "device/cpu/flat.inc.h"
#include "device/cpu/kernels.inc.h"

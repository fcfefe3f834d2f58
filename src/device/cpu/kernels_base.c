/* The passes for baseline; flags in Makefile.flags. */
#define KERNELS kernels_base
#define KERNELS_NAME "baseline"
#include "device/cpu/kernels.inc.h"

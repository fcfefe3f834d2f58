/* The passes over maps in BF16 for baseline; flags in Makefile.flags. */
#define KERNELS kernels_base_bf16
#define MAP_BF16
#include "device/cpu/kernels.inc.h"

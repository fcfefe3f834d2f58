/* The passes over maps in BF16 for any processor of the architecture: the same
 * text as for floats, with loads and stores that widen and round. */
#define KERNELS kernels_base_bf16
#define MAP_BF16
#include "device/cpu/kernels.inc.h"

/* The passes for any processor of the architecture, which is also what the wider
 * sets are compared with in tests. */
#define KERNELS kernels_base
#define FLAT_KERNELS flat_base
#include "device/cpu/flat.inc.h"
#include "device/cpu/kernels.inc.h"

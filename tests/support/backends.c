/* The devices that test programs may open: the programs' own and the strict one. */
#include "cmd/backends.h"
#include "support/strict.h"

#include <stddef.h>

const struct device *const device_backends[] = { BACKENDS, &strict_device,
						 NULL };

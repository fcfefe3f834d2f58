/* The devices of this build. */
#include "cmd/backends.h"

#include <stddef.h>

const struct device *const device_backends[] = { BACKENDS, NULL };

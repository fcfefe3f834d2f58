/* The devices of this build: the list of backends.h as the array that
 * device_open() looks in. Programs of tests and benches have the same. */
#include "cmd/backends.h"

#include <stddef.h>

const struct device *const device_backends[] = { BACKENDS, NULL };

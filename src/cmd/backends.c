/* The devices of this build. */
#include "device/cpu/cpu.h"
#include "device/ref/ref.h"

#include <stddef.h>

const struct device *const device_backends[] = { &cpu_device, &ref_device,
						 NULL };

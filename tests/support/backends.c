/* The devices that test programs may open; programs have src/cmd/backends.c. */
#include "device/cpu/cpu.h"
#include "device/ref/ref.h"
#include "strict.h"

#include <stddef.h>

const struct device *const device_backends[] = { &cpu_device, &ref_device,
						 &strict_device, NULL };

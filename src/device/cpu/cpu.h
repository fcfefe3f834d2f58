/* cpu.h - the backend of ordinary processors: oneDNN's convolutions and our
 * own passes for everything that is bound by memory. */
#ifndef FL_DEVICE_CPU_CPU_H
#define FL_DEVICE_CPU_CPU_H

#include "device/device.h"

extern const struct device cpu_device;

#endif

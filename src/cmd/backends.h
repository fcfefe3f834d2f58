/* backends.h - the devices that a program is built with, in one row: programs,
 * tests and benches list them by it, and add their own. */
#ifndef FL_CMD_BACKENDS_H
#define FL_CMD_BACKENDS_H

#include "device/cpu/cpu.h"
#include "device/ref/ref.h"

#define BACKENDS &cpu_device, &ref_device

#endif

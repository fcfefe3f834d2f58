/* host.h - the core of devices that compute in the host's memory: every call is
 * done when it returns, so there is one queue and nothing to wait for. */
#ifndef FL_DEVICE_HOST_H
#define FL_DEVICE_HOST_H

#include "device/device.h"

extern const struct dev_core dev_host_core;

#endif

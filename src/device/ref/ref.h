/* ref.h - the plain C definition of every operation. Never optimised: sums in
 * double, loops as the formula reads. Other backends are judged against it. */
#ifndef FL_DEVICE_REF_REF_H
#define FL_DEVICE_REF_REF_H

#include "device/device.h"

extern const struct device ref_device;

/* What it is worth there: for devices that take ref's operations, as that of the
 * tests. */
void ref_bf16(struct dev_bf16 *out);

#endif

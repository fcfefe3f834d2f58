/* backends.h - the devices that a program is built with, in one row: programs,
 * tests and benches list them by it, and add their own; --device offers their
 * names. The first one computes where nobody asks for another. */
#ifndef FL_CMD_BACKENDS_H
#define FL_CMD_BACKENDS_H

#include "device/cpu/cpu.h"
#include "device/ref/ref.h"

/* X(name, device) for each, B() between two. */
#define BACKEND_LIST(X, B) X("cpu", cpu_device) B() X("ref", ref_device)

#define BACKEND_DEVICE(name, device) &device
#define BACKEND_COMMA() ,
#define BACKENDS BACKEND_LIST(BACKEND_DEVICE, BACKEND_COMMA)
#define BACKEND_NAME(name, device) name
#define BACKEND_BAR() "|"
#define BACKEND_NAMES BACKEND_LIST(BACKEND_NAME, BACKEND_BAR) /* "cpu|ref" */

#endif

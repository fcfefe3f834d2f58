/* device.h - where tensors live and who computes on them.
 *
 * A device is memory and a table of operations (device/op.h). "ref" is plain C
 * and defines every operation; "cpu" overrides with oneDNN and our own
 * kernels, and is judged against ref. The caller never branches on which one
 * it has.
 *
 * Threads: a device belongs to the compute thread that opened it.
 */
#ifndef FL_DEVICE_DEVICE_H
#define FL_DEVICE_DEVICE_H

#include "base/err.h"
#include "device/op.h"

struct device {
	const char *name;	   /* "ref", "cpu" */
	const struct dev_ops *ops; /* every slot is filled */
	/* What settles the last bits of its results, in words: libraries with
	 * their versions, instruction sets. */
	const char *(*arithmetic)(void);
};

/* What exists, ended by NULL. A program (src/cmd/backends.c) defines it, for a
 * layer does not know what stands above it. */
extern const struct device *const device_backends[];

/* name: "ref", "cpu", or "gpu[:i]". Fails with FL_EUSAGE for a name nobody
 * knows. The device is a constant; there is nothing to close. */
int device_open(const char *name, const struct device **out,
		struct fl_err *err);

/* A slab for tensors: 64-byte aligned, zeroed, on huge pages where the system
 * has them, touched once by all threads. Ends with device_slab_free(). */
int device_slab_new(const struct device *device, size_t bytes, float **out,
		    struct fl_err *err);
void device_slab_free(const struct device *device, float *slab, size_t bytes);

#endif

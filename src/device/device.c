#include "device/device.h"

#include "base/par.h"
#include "base/str.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

int device_open(const char *name, const struct device **out, struct fl_err *err)
{
	struct fl_str known = FL_STR_INIT;
	int rc;

	for (int i = 0; device_backends[i]; i++) {
		if (strcmp(device_backends[i]->name, name) == 0) {
			*out = device_backends[i];
			fl_str_release(&known);
			return 0;
		}
		fl_str_addf(&known, "%s'%s'", i ? ", " : "",
			    device_backends[i]->name);
	}
	rc = fl_fail(err, FL_EUSAGE,
		     "device '%s' is not in this build; it has %s", name,
		     fl_str_get(&known));
	fl_str_release(&known);
	return rc;
}

static void touch(void *ctx, size_t first, size_t last, int chunk)
{
	(void)chunk;
	memset((char *)ctx + first, 0, last - first);
}

int device_slab_new(const struct device *device, size_t bytes, float **out,
		    struct fl_err *err)
{
	void *p;

	(void)device; /* all backends so far compute in host memory */
	if (bytes == 0)
		bytes = 64;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return fl_fail(err, FL_ENOMEM,
			       "cannot get %.0f MiB of memory: %s; a smaller "
			       "batch or image size needs less",
			       (double)bytes / 0x1p20, strerror(errno));
	madvise(p, bytes, MADV_HUGEPAGE);
	/* The first touch costs more than any use: once, by all threads. */
	fl_par_for(bytes, (size_t)1 << 22, touch, p);
	*out = p;
	return 0;
}

void device_slab_free(const struct device *device, float *slab, size_t bytes)
{
	(void)device;
	munmap(slab, bytes ? bytes : 64);
}

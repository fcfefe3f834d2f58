/* Opening a device by its name, and the calls that need more than a look into
 * the table. What a device can do stands in its own folder. Commands open one
 * device for their whole life (cmd/job.c); everything below is handed it. */
#include "device/device.h"

#include "base/str.h"

#include <stdlib.h>
#include <string.h>

/* The index behind "name:", 0 without one; -1: it is no number of up to three
 * digits. *length is the name's, so that "cpu0" and "cp" find nothing. */
static int index_of(const char *text, size_t *length)
{
	const char *colon = strchr(text, ':');
	char *end;
	long n;

	*length = colon ? (size_t)(colon - text) : strlen(text);
	if (!colon)
		return 0;
	n = strtol(colon + 1, &end, 10);
	return *end || end == colon + 1 || n < 0 || n > 999 ? -1 : (int)n;
}

/* Only this build's devices are named: which there are depends on the libraries
 * that it was built with. */
static int unknown(const char *name, struct fl_err *err)
{
	struct fl_str known = FL_STR_INIT;
	int rc;

	for (int i = 0; device_backends[i]; i++)
		fl_str_addf(&known, "%s'%s'", i ? ", " : "",
			    device_backends[i]->name);
	rc = fl_fail(err, FL_EUSAGE,
		     "device '%s' is not in this build; it has %s", name,
		     fl_str_get(&known));
	fl_str_release(&known);
	return rc;
}

int device_open(const char *name, struct dev **out, struct fl_err *err)
{
	size_t length;
	int index = index_of(name, &length);

	for (int i = 0; index >= 0 && device_backends[i]; i++) {
		const struct device *d = device_backends[i];

		/* Not a prefix: "c" must not open "cpu". */
		if (strlen(d->name) == length &&
		    memcmp(d->name, name, length) == 0)
			return d->core->open(d, index, out, err);
	}
	return unknown(name, err);
}

void device_close(struct dev *d)
{
	if (d)
		d->device->core->close(d);
}

int dev_slab_new(struct dev *d, size_t bytes, enum dev_where where,
		 struct dev_slab *out, struct fl_err *err)
{
	return d->device->core->slab_new(d, bytes, where, out, err);
}

void dev_slab_free(struct dev *d, struct dev_slab *slab)
{
	if (slab->data)
		d->device->core->slab_free(d, slab);
	*slab = (struct dev_slab){ 0 };
}

int dev_fetch(struct dev_queue *q, void *host, const void *from, size_t bytes,
	      struct fl_err *err)
{
	/* A read alone may return before the bytes are there, so the two calls
	 * stand together wherever the host looks at once. */
	dev_read(q, host, from, bytes);
	return dev_wait(q, err);
}

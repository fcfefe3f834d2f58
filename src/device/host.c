/* Memory of a device that is the host: mapped, on huge pages, touched once by
 * all threads before it is used. Queues and marks have nothing to keep, because
 * every operation is done when its call returns: ref and cpu both have this
 * core. Slabs are few and live as long as a plan or an engine, so mmap serves
 * them directly and malloc's heap never sees them. */
#include "device/host.h"

#include "base/arena.h"
#include "base/par.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define PAGE ((size_t)4096)
/* A chunk of the touching loop is 4 MiB, two huge pages: threads should not
 * meet in one page. */
#define TOUCH_GRAIN ((size_t)1 << 22) /* bytes, whole pages */

/* The queue lies within the device, so opening is one allocation. */
struct host_dev {
	struct dev base;
	struct dev_queue queue;
};

/* One device for the machine: two of them would share its cores and its memory,
 * and neither would know of the other. */
static int host_open(const struct device *device, int index, struct dev **out,
		     struct fl_err *err)
{
	struct host_dev *h;

	if (index != 0)
		return fl_fail(err, FL_EUSAGE,
			       "there is one device '%s' on a machine, no "
			       "number %d; its threads take all cores",
			       device->name, index);
	h = fl_calloc(1, sizeof(*h));
	h->base.device = device;
	/* Stages copy nothing then (device/stage.h); 'memory' and 'free' stay
	 * 0, for what the host has left is not the device's to promise. */
	h->base.info.host_memory = true;
	snprintf(h->base.info.name, sizeof(h->base.info.name), "host");
	h->queue.dev = &h->base;
	*out = &h->base;
	return 0;
}

static void host_close(struct dev *d)
{
	free(d);
}

/* The system gives pages, cleared, when they are first written to. */
static void touch(void *ctx, size_t first, size_t last, int chunk)
{
	/* Volatile, or the compiler drops writes of zero to memory that nobody
	 * reads. */
	volatile char *memory = ctx;

	(void)chunk;
	for (size_t i = first; i < last; i += PAGE)
		memory[i] = 0;
}

static int host_slab_new(struct dev *d, size_t bytes, enum dev_where where,
			 struct dev_slab *out, struct fl_err *err)
{
	void *p;

	(void)d;
	/* mmap refuses 0 bytes, and a slab of none is still one to free. */
	if (bytes == 0)
		bytes = 64;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED)
		return fl_fail(err, FL_ENOMEM,
			       "cannot get %.0f MiB of memory: %s; a smaller "
			       "batch or image size needs less",
			       (double)bytes / 0x1p20, strerror(errno));
	/* Only a wish: without huge pages everything is the same and the first
	 * touch costs twice as much. */
	madvise(p, bytes, MADV_HUGEPAGE);
	/* The first touch costs more than any use: once, by all threads. */
	fl_par_for(bytes, TOUCH_GRAIN, touch, p);
	*out = (struct dev_slab){ p, bytes, where };
	return 0;
}

static void host_slab_free(struct dev *d, struct dev_slab *slab)
{
	(void)d;
	munmap(slab->data, slab->bytes);
}

static struct dev_queue *host_queue(struct dev *d, enum dev_queue_kind kind)
{
	(void)kind;
	return &((struct host_dev *)(void *)d)->queue;
}

/* Also write and read: with one memory both are a copy, and the callers that
 * care for speed do not call them (stage.c). */
static void move(struct dev_queue *q, void *to, const void *from, size_t bytes)
{
	(void)q;
	memcpy(to, from, bytes);
}

/* Whatever is marked is done already: there is no place in an order to keep. */
static void host_mark(struct dev_queue *q, struct dev_mark *mark)
{
	mark->queue = q;
}

static void host_after(struct dev_queue *q, const struct dev_mark *mark)
{
	(void)q, (void)mark;
}

static void host_mark_free(struct dev *d, struct dev_mark *mark)
{
	(void)d, (void)mark;
}

static int host_wait(struct dev_queue *q, struct fl_err *err)
{
	(void)q, (void)err;
	return 0;
}

/* Work that is done at once cannot be kept: info.records is false. */
static int host_record(struct dev_queue *q, struct fl_err *err)
{
	return fl_fail(err, FL_EINTERNAL, "device '%s' does not record",
		       q->dev->device->name);
}

static int host_recorded(struct dev_queue *q, struct dev_recording **out,
			 struct fl_err *err)
{
	(void)out;
	return host_record(q, err);
}

static void host_replay(struct dev_queue *q, struct dev_recording *work)
{
	(void)q, (void)work;
	FL_ASSERT(!"nothing was recorded");
}

static void host_recording_free(struct dev *d, struct dev_recording *work)
{
	(void)d, (void)work;
}

const struct dev_core dev_host_core = {
	.open = host_open,
	.close = host_close,
	.slab_new = host_slab_new,
	.slab_free = host_slab_free,
	.queue = host_queue,
	.write = move,
	.read = move,
	.copy = move,
	.mark = host_mark,
	.after = host_after,
	.mark_free = host_mark_free,
	.wait = host_wait,
	.record = host_record,
	.recorded = host_recorded,
	.replay = host_replay,
	.recording_free = host_recording_free,
};

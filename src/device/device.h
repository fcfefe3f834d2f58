/* device.h - where tensors live, and in which order work is done on them.
 *
 * A device is a row of a table: a name, its core (memory and order, below) and
 * its operations (device/op.h). Opened, it is a struct dev. The caller never
 * branches on which one it has.
 *
 * Work goes into queues. A call into a queue may return before its work is
 * done; work of one queue is done in the order of the calls, and between two
 * queues only marks settle an order. On "ref" and "cpu" every call is done
 * when it returns and nothing waits; a card computes while the host goes on.
 * So:
 *   - device memory is for operations, write and read. The host looks at what
 *     read has brought it, after wait; where info.host_memory is set the two
 *     are one memory, and device/stage.h saves the copy;
 *   - what write is given must stay as it is until a later wait;
 *   - a failure within a queue is told by wait, not by the call that made it.
 *
 * Ownership: what _new and _open give ends with _free and _close.
 * Threads: a device and its queues belong to the thread that opened them.
 */
#ifndef FL_DEVICE_DEVICE_H
#define FL_DEVICE_DEVICE_H

#include "base/err.h"
#include "base/str.h"
#include "device/op.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dev_info {
	char name[64];	     /* "NVIDIA H200"; "host" */
	size_t memory, free; /* bytes; 0: the host's own */
	bool host_memory;    /* the host may look at its memory after wait */
	bool records;	     /* record, recorded and replay are there */
};

/* An opened device; backends put it first in a structure of their own. */
struct dev {
	const struct device *device;
	struct dev_info info;
};

struct dev_queue {
	struct dev *dev;
};

enum dev_queue_kind {
	DEV_COMPUTE,  /* the step */
	DEV_TRANSFER, /* batches up, state down */
	DEV_REDUCE,   /* sums over ranks */
	DEV_QUEUE_KINDS
};

/* A place in the order of a queue. Zeroed before the first mark; own is the
 * backend's and ends with mark_free. */
struct dev_mark {
	struct dev_queue *queue;
	uint64_t place;
	void *own;
};

enum dev_where {
	DEV_OWN,  /* the device's own memory */
	DEV_HOST, /* the host's, that write and read are quick with */
};

/* 64-byte aligned. What new memory holds is not defined: write first. */
struct dev_slab {
	void *data;
	size_t bytes;
	enum dev_where where;
};

struct dev_recording; /* work that was recorded, the backend's own */

/* Every slot is filled; the last three only count where info.records is set. */
struct dev_core {
	/* index: which of several, from 0. FL_EUSAGE where there is none such. */
	int (*open)(const struct device *device, int index, struct dev **out,
		    struct fl_err *err);
	void (*close)(struct dev *d);
	int (*slab_new)(struct dev *d, size_t bytes, enum dev_where where,
			struct dev_slab *out, struct fl_err *err);
	void (*slab_free)(struct dev *d, struct dev_slab *slab);
	/* Kinds may share one queue. */
	struct dev_queue *(*queue)(struct dev *d, enum dev_queue_kind kind);
	void (*write)(struct dev_queue *q, void *to, const void *host,
		      size_t bytes);
	void (*read)(struct dev_queue *q, void *host, const void *from,
		     size_t bytes);
	/* within the device; the two do not overlap */
	void (*copy)(struct dev_queue *q, void *to, const void *from,
		     size_t bytes);
	void (*mark)(struct dev_queue *q, struct dev_mark *mark);
	/* Work that q gets from now on waits for the mark; the host does not. */
	void (*after)(struct dev_queue *q, const struct dev_mark *mark);
	void (*mark_free)(struct dev *d, struct dev_mark *mark);
	/* The host waits for all work of the queue. */
	int (*wait)(struct dev_queue *q, struct fl_err *err);
	/* What goes into q between record and recorded is kept and not done;
	 * replay does it, as often as it is called. */
	int (*record)(struct dev_queue *q, struct fl_err *err);
	int (*recorded)(struct dev_queue *q, struct dev_recording **out,
			struct fl_err *err);
	void (*replay)(struct dev_queue *q, struct dev_recording *work);
	void (*recording_free)(struct dev *d, struct dev_recording *work);
};

/* What maps in BF16 are worth on a device. */
struct dev_bf16 {
	bool works, faster; /* at all; than maps in F32 */
	char why[192];	    /* what settles that, a part of a sentence */
};

/* Where an operation has several kernels, which of them settles last bits. */
struct dev_kernels {
	/* Between the two, convolutions that are made get the kernels that are
	 * the quickest here: as an earlier run found them on this kind of
	 * machine, or timed now, for so many seconds in all; what time is left
	 * for none is as without measuring. */
	void (*measure)(double seconds);
	void (*measured)(void);
	/* All convolutions made so far that had a choice, a line for each; take
	 * makes another process choose the same. FL_EDATA for other text. */
	void (*tell)(struct fl_str *out);
	int (*take)(const char *text, struct fl_err *err);
};

struct device {
	const char *name; /* "ref", "cpu" */
	const struct dev_core *core;
	const struct dev_ops *ops; /* every slot is filled */
	/* What settles the last bits of its results with maps of that type, in
	 * words: libraries with their versions, instruction sets. */
	const char *(*arithmetic)(enum dtype maps);
	/* May try for some hundredths of a second, once. */
	void (*bf16)(struct dev_bf16 *out);
	const struct dev_kernels *kernels; /* NULL: there is one of each */
};

/* What exists, ended by NULL. A program (src/cmd/backends.c) defines it, for a
 * layer does not know what stands above it. */
extern const struct device *const device_backends[];

/* name: "cpu", or "cpu:0" for one of several. Fails with FL_EUSAGE for a name
 * nobody knows. */
int device_open(const char *name, struct dev **out, struct fl_err *err);
/* NULL is fine. */
void device_close(struct dev *d);

/* A slab that was never made (zeroed) may be freed. */
int dev_slab_new(struct dev *d, size_t bytes, enum dev_where where,
		 struct dev_slab *out, struct fl_err *err);
void dev_slab_free(struct dev *d, struct dev_slab *slab);

static inline const struct dev_ops *dev_ops(const struct dev *d)
{
	return d->device->ops;
}

static inline struct dev_queue *dev_queue(struct dev *d,
					  enum dev_queue_kind kind)
{
	return d->device->core->queue(d, kind);
}

static inline void dev_write(struct dev_queue *q, void *to, const void *host,
			     size_t bytes)
{
	q->dev->device->core->write(q, to, host, bytes);
}

static inline void dev_read(struct dev_queue *q, void *host, const void *from,
			    size_t bytes)
{
	q->dev->device->core->read(q, host, from, bytes);
}

static inline void dev_copy(struct dev_queue *q, void *to, const void *from,
			    size_t bytes)
{
	q->dev->device->core->copy(q, to, from, bytes);
}

static inline int dev_wait(struct dev_queue *q, struct fl_err *err)
{
	return q->dev->device->core->wait(q, err);
}

/* Read, and wait for it. */
int dev_fetch(struct dev_queue *q, void *host, const void *from, size_t bytes,
	      struct fl_err *err);

#endif

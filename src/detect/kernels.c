/* Measuring on rank 0 and telling the others; called by network_open before its
 * plans are made. Two kernels differ in last bits, so all ranks get the same
 * ones, whatever each machine would have found quicker. A plan that is made
 * while kernels are timed is thrown away: it is made again from what is known,
 * on rank 0 as on the others. */
#include "detect/kernels.h"

#include "base/log.h"

#include <stdlib.h>
#include <string.h>

/* Of all measuring of a job, on rank 0, while the others wait. Shapes that it
 * does not reach are by the table. */
#define SECONDS 20

/* Making a plan asks the device for a kernel of each shape, and between
 * measure() and measured() the device times its choices then. */
static int measure(const struct graph *graph, struct dev *dev,
		   const struct plan_key *keys, int count, struct fl_err *err)
{
	int rc = 0;

	dev->device->kernels->measure(SECONDS);
	for (int i = 0; rc == 0 && i < count; i++) {
		struct plan *p;

		rc = plan_new(graph, dev, &keys[i], &p, err);
		if (rc == 0)
			plan_free(p);
	}
	dev->device->kernels->measured();
	return rc;
}

/* The text of device/device.h's tell(), its length first: a broadcast needs to
 * know how much comes. */
static int share(struct dev *dev, struct comm *comm, struct fl_err *err)
{
	struct fl_str text = FL_STR_INIT;
	uint64_t size;
	char *theirs = NULL;
	int rc;

	if (comm->rank == 0)
		dev->device->kernels->tell(&text);
	size = text.len + 1;
	rc = comm_broadcast(comm, &size, sizeof(size), err);
	if (rc == 0) {
		theirs = fl_calloc(size, 1);
		memcpy(theirs, fl_str_get(&text), text.len);
		rc = comm_broadcast(comm, theirs, size, err);
	}
	if (rc == 0 && comm->rank != 0)
		rc = dev->device->kernels->take(theirs, err);
	free(theirs);
	fl_str_release(&text);
	return rc;
}

int kernels_agree(const struct graph *graph, struct dev *dev, struct comm *comm,
		  bool measured, const struct plan_key *keys, int count,
		  struct fl_err *err)
{
	int rc = 0;

	/* A device without choices, or a recipe that goes by the table: the
	 * same on every rank, so nobody waits in a broadcast. */
	if (!dev->device->kernels || !measured)
		return 0;
	if (comm->rank == 0)
		rc = measure(graph, dev, keys, count, err);
	if (rc == 0 && comm->world > 1)
		rc = share(dev, comm, err);
	return rc;
}

/* Of a text of one line a shape, with the words of each direction. */
static int count_of(const char *text, const char *word)
{
	int n = 0;

	for (const char *p = text; (p = strstr(p, word)); p += strlen(word))
		n++;
	return n;
}

void kernels_log(const struct dev *dev)
{
	struct fl_str text = FL_STR_INIT;
	const char *lines;

	if (!dev->device->kernels)
		return;
	dev->device->kernels->tell(&text);
	lines = fl_str_get(&text);
	if (*lines)
		fl_info("kernels of the %d shapes of 3x3 convolutions that have a choice, "
			"three directions each: %d by Winograd, %d by oneDNN; "
			"%d shapes measured, the others by the table ('flotilla plans' shows them)",
			count_of(lines, "\n"), count_of(lines, " Winograd"),
			count_of(lines, " oneDNN"),
			count_of(lines, " measured"));
	fl_str_release(&text);
}

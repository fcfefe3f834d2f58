/* The host's copy of what it works on in a step, taken from one slab in the
 * order of the calls; see stage.h. The loss stages the head's maps through it
 * (family/ppyoloe/loss.c): on ref and cpu all of this comes to passing pointers
 * on. */
#include "device/stage.h"

#include "base/arena.h"

/* To 64 bytes, a line of the cache, which is how memory of a device is
 * aligned. */
static size_t rounded(size_t bytes)
{
	return (bytes + 63) / 64 * 64;
}

int stage_open(struct dev_stage *s, struct dev *d, size_t bytes,
	       struct fl_err *err)
{
	*s = (struct dev_stage){ .dev = d };
	if (d->info.host_memory)
		return 0;
	/* Every piece starts on a line of its own; 64 lines more are enough for
	 * 64 pieces, and a loss stages four maps of each of HEAD_MOST
	 * levels. */
	return dev_slab_new(d, bytes + 64 * 64, DEV_HOST, &s->slab, err);
}

void stage_close(struct dev_stage *s)
{
	if (s->dev)
		dev_slab_free(s->dev, &s->slab);
}

void stage_begin(struct dev_stage *s)
{
	s->used = 0;
}

void *stage_room(struct dev_stage *s, void *at, size_t bytes)
{
	char *room;

	if (s->dev->info.host_memory)
		return at;
	room = (char *)s->slab.data + s->used;
	s->used += rounded(bytes);
	/* The bound was given when the stage was opened, for the largest step:
	 * running over it is an error of ours, never of a batch. */
	FL_ASSERT(s->used <= s->slab.bytes);
	return room;
}

void *stage_in(struct dev_stage *s, struct dev_queue *q, void *from,
	       size_t bytes)
{
	void *host = stage_room(s, from, bytes);

	if (host != from)
		dev_read(q, host, from, bytes);
	return host;
}

void stage_out(struct dev_stage *s, struct dev_queue *q, void *at,
	       const void *host, size_t bytes)
{
	(void)s;
	/* Where the host worked in place there is nothing to bring back. */
	if (host != at)
		dev_write(q, at, host, bytes);
}

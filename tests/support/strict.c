/* Memory, queues and marks of the strict device. Work is a list of items in the
 * order of the calls; each waits for the item before it in its queue and for
 * those that marks name. dev_wait runs what the queue needs, picking among what
 * may run by a seeded draw, with the device's memory open meanwhile. */
#include "support/strict.h"

#include "device/ref/ref.h"

#include "base/arena.h"
#include "base/rng.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define MAX_SLABS 256
#define MAX_MARKS 8 /* that one item waits for */
#define NO_ITEM ((size_t)-1)

struct item {
	struct strict_work work;
	int queue;
	size_t before; /* in the same queue, or NO_ITEM */
	size_t marks[MAX_MARKS];
	int mark_count;
	bool done;
};

struct strict_queue {
	struct dev_queue base;
	size_t last;		 /* its number, or NO_ITEM */
	size_t marks[MAX_MARKS]; /* of the next item */
	int mark_count;
};

struct dev_recording {
	struct strict_work *work;
	size_t count;
};

struct strict {
	struct dev base;
	struct strict_queue queues[DEV_QUEUE_KINDS];
	struct item *items; /* those since all was done the last time */
	size_t count, cap;
	size_t first; /* number of items[0]: items are numbered for ever */
	struct dev_slab
		slabs[MAX_SLABS]; /* of its own, closed; freed ones too */
	int slab_count;
	struct fl_rng rng;
	struct dev_recording *recording; /* being made */
	struct strict_counts counts;
};

static struct strict *of(const struct dev *d)
{
	return (struct strict *)(uintptr_t)d;
}

struct strict_counts strict_counts(const struct dev *d)
{
	return of(d)->counts;
}

static int open_strict(const struct device *device, int index, struct dev **out,
		       struct fl_err *err)
{
	struct strict *s = fl_calloc(1, sizeof(*s));

	(void)err;
	s->base.device = device;
	s->base.info.records = true;
	snprintf(s->base.info.name, sizeof(s->base.info.name), "strict");
	s->rng = fl_rng_open(41, FL_RNG_TEST, (uint64_t)index, 0);
	for (int k = 0; k < DEV_QUEUE_KINDS; k++) {
		s->queues[k].base.dev = &s->base;
		s->queues[k].last = NO_ITEM;
	}
	*out = &s->base;
	return 0;
}

static void close_strict(struct dev *d)
{
	struct strict *s = of(d);

	for (int i = 0; i < s->slab_count; i++)
		munmap(s->slabs[i].data, s->slabs[i].bytes);
	free(s->items);
	free(s);
}

static void set_access(struct strict *s, int access)
{
	for (int i = 0; i < s->slab_count; i++)
		if (s->slabs[i].where == DEV_OWN)
			FL_ASSERT(mprotect(s->slabs[i].data, s->slabs[i].bytes,
					   access) == 0);
}

static int slab_new(struct dev *d, size_t bytes, enum dev_where where,
		    struct dev_slab *out, struct fl_err *err)
{
	struct strict *s = of(d);
	float *p;

	bytes = (bytes + 4095) / 4096 * 4096 + (bytes == 0) * 4096;
	p = mmap(NULL, bytes, PROT_READ | PROT_WRITE,
		 MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (p == MAP_FAILED || s->slab_count == MAX_SLABS)
		return fl_fail(err, FL_ENOMEM, "the strict device is full");
	for (size_t i = 0; i < bytes / sizeof(float); i++)
		p[i] = NAN;
	*out = (struct dev_slab){ p, bytes, where };
	s->slabs[s->slab_count++] = *out;
	set_access(s, PROT_NONE);
	return 0;
}

static void slab_free(struct dev *d, struct dev_slab *slab)
{
	struct strict *s = of(d);

	mprotect(slab->data, slab->bytes, PROT_NONE);
	/* Closed for ever: not opened with the others any more. */
	for (int i = 0; i < s->slab_count; i++)
		if (s->slabs[i].data == slab->data)
			s->slabs[i].where = DEV_HOST;
}

static struct dev_queue *queue(struct dev *d, enum dev_queue_kind kind)
{
	return &of(d)->queues[kind].base;
}

static struct strict_work *record_work(struct dev_recording *r)
{
	r->work = fl_realloc(r->work, (r->count + 1) * sizeof(*r->work));
	return &r->work[r->count++];
}

struct strict_work *strict_add(struct dev_queue *q, strict_run_fn *run)
{
	struct strict *s = of(q->dev);
	struct strict_queue *sq = (struct strict_queue *)(void *)q;
	struct strict_work *w;
	struct item *item;

	s->counts.work++;
	if (s->recording) {
		w = record_work(s->recording);
		*w = (struct strict_work){ .run = run };
		return w;
	}
	if (s->count == s->cap) {
		s->cap = 2 * s->cap + 64;
		s->items = fl_realloc(s->items, s->cap * sizeof(*s->items));
	}
	item = &s->items[s->count];
	*item = (struct item){ .work = { .run = run },
			       .queue = (int)(sq - s->queues),
			       .before = sq->last,
			       .mark_count = sq->mark_count };
	memcpy(item->marks, sq->marks, sizeof(item->marks));
	sq->mark_count = 0;
	sq->last = s->first + s->count++;
	return &item->work;
}

static void mark(struct dev_queue *q, struct dev_mark *m)
{
	m->queue = q;
	m->place = ((struct strict_queue *)(void *)q)->last;
}

static void after(struct dev_queue *q, const struct dev_mark *m)
{
	struct strict_queue *sq = (struct strict_queue *)(void *)q;

	if (m->place == NO_ITEM)
		return;
	FL_ASSERT(sq->mark_count < MAX_MARKS);
	sq->marks[sq->mark_count++] = (size_t)m->place;
}

static void mark_free(struct dev *d, struct dev_mark *m)
{
	(void)d;
	*m = (struct dev_mark){ 0 };
}

static bool is_done(const struct strict *s, size_t number)
{
	return number == NO_ITEM || number < s->first ||
	       s->items[number - s->first].done;
}

static bool may_run(const struct strict *s, const struct item *item)
{
	bool ready = !item->done && is_done(s, item->before);

	for (int k = 0; ready && k < item->mark_count; k++)
		ready = is_done(s, item->marks[k]);
	return ready;
}

/* The items that a queue's last one needs, marked. */
static void mark_needed(const struct strict *s, size_t number, bool *needed)
{
	const struct item *item;

	if (is_done(s, number) || needed[number - s->first])
		return;
	item = &s->items[number - s->first];
	needed[number - s->first] = true;
	mark_needed(s, item->before, needed);
	for (int k = 0; k < item->mark_count; k++)
		mark_needed(s, item->marks[k], needed);
}

/* One of those that may run: any of the needed, now and then another. */
static struct item *pick(struct strict *s, const bool *needed)
{
	struct item *chosen = NULL;
	uint64_t seen = 0;

	for (size_t i = 0; i < s->count; i++) {
		struct item *item = &s->items[i];

		if (!may_run(s, item) ||
		    (!needed[i] && fl_rng_below(&s->rng, 4) != 0))
			continue;
		if (fl_rng_below(&s->rng, ++seen) == 0)
			chosen = item;
	}
	return chosen;
}

/* Everything is done: the list begins anew. */
static void forget(struct strict *s)
{
	for (size_t i = 0; i < s->count; i++)
		if (!s->items[i].done)
			return;
	s->first += s->count;
	s->count = 0;
}

static int wait_for(struct dev_queue *q, struct fl_err *err)
{
	struct strict *s = of(q->dev);
	size_t last = ((struct strict_queue *)(void *)q)->last;
	bool *needed;

	s->counts.waits++;
	if (s->recording)
		return fl_fail(err, FL_EINTERNAL,
			       "the host waits while work is recorded");
	needed = fl_calloc(s->count + 1, sizeof(*needed));
	mark_needed(s, last, needed);
	set_access(s, PROT_READ | PROT_WRITE);
	while (!is_done(s, last)) {
		struct item *item = pick(s, needed);

		if (!item) /* only others were ready, and none was drawn */
			continue;
		item->work.run(&item->work);
		item->done = true;
	}
	set_access(s, PROT_NONE);
	free(needed);
	forget(s);
	return 0;
}

static void run_move(struct strict_work *w)
{
	memcpy(w->pointers[0], w->pointers[1], w->count);
}

static void move(struct dev_queue *q, void *to, const void *from, size_t bytes)
{
	struct strict_work *w = strict_add(q, run_move);

	w->pointers[0] = to;
	w->pointers[1] = (void *)(uintptr_t)from;
	w->count = bytes;
}

static int record(struct dev_queue *q, struct fl_err *err)
{
	struct strict *s = of(q->dev);

	if (s->recording)
		return fl_fail(err, FL_EINTERNAL, "a recording within another");
	s->recording = fl_calloc(1, sizeof(*s->recording));
	return 0;
}

static int recorded(struct dev_queue *q, struct dev_recording **out,
		    struct fl_err *err)
{
	(void)err;
	*out = of(q->dev)->recording;
	of(q->dev)->recording = NULL;
	return 0;
}

static void replay(struct dev_queue *q, struct dev_recording *r)
{
	for (size_t i = 0; i < r->count; i++)
		*strict_add(q, NULL) = r->work[i];
}

static void recording_free(struct dev *d, struct dev_recording *r)
{
	(void)d;
	free(r->work);
	free(r);
}

static const struct dev_core core = {
	.open = open_strict,
	.close = close_strict,
	.slab_new = slab_new,
	.slab_free = slab_free,
	.queue = queue,
	.write = move,
	.read = move,
	.copy = move,
	.mark = mark,
	.after = after,
	.mark_free = mark_free,
	.wait = wait_for,
	.record = record,
	.recorded = recorded,
	.replay = replay,
	.recording_free = recording_free,
};

static const char *arithmetic(enum dtype maps)
{
	(void)maps;
	return "strict";
}

const struct device strict_device = { "strict",	  &core,    &strict_ops,
				      arithmetic, ref_bf16, NULL };

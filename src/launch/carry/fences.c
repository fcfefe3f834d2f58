/* fences.c - fences of MPI's ranks, of which this machine holds a list: those
 * that its own ranks have entered, and those of which only others' shares are
 * here.
 *
 * fleet.c turns them after PMIx and PMI-1 have had their say; frames.c hands over
 * shares. A fence that is complete is answered and forgotten; what is left at the
 * end of an attempt is answered with nothing, so that no rank waits for ever.
 */
#include "launch/carry/fences.h"

#include "base/arena.h"
#include "base/bytes.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fence_share {
	bool here;
	char *data;
	size_t size;
};

struct fence {
	struct fence *next;
	char signature[512];
	uint32_t number;
	bool entered; /* by this machine's ranks: local holds whom to answer */
	struct pmix_fence local;
	struct fence_share *shares; /* one a seat */
};

/* How often the ranks of this machine have entered fences of one signature. */
struct fence_count {
	struct fence_count *next;
	char signature[512];
	uint32_t entered;
};

/* This machine's share is the data that PMIx handed over (fences_turn): it goes
 * with the shares. */
static void free_fence(struct fence *e, int seats)
{
	for (int i = 0; i < seats; i++)
		free(e->shares[i].data);
	free(e->shares);
	free(e->local.seats);
	free(e);
}

void fences_begin(struct fences *fences, const struct layout *layout)
{
	fences_end(fences);
	fences->layout = layout;
}

void fences_end(struct fences *fences)
{
	while (fences->list) {
		struct fence *e = fences->list;

		fences->list = e->next;
		if (e->entered)
			e->local.answer(&e->local, NULL, 0);
		free_fence(e, fences->layout->count);
	}
	while (fences->counts) {
		struct fence_count *c = fences->counts;

		fences->counts = c->next;
		free(c);
	}
	fences->layout = NULL;
}

/* The same ranks may meet again and again. Machines count alike, for the ranks of
 * each enter every such fence. */
static uint32_t next_number(struct fences *fences, const char *signature)
{
	struct fence_count *c = fences->counts;

	while (c && strcmp(c->signature, signature) != 0)
		c = c->next;
	if (!c) {
		c = fl_calloc(1, sizeof(*c));
		snprintf(c->signature, sizeof(c->signature), "%s", signature);
		c->next = fences->counts;
		fences->counts = c;
	}
	return c->entered++;
}

/* The first that hears of a fence makes it, be it our ranks or another
 * machine. */
static struct fence *find(struct fences *fences, const char *signature,
			  uint32_t number)
{
	struct fence *e = fences->list;

	while (e &&
	       (e->number != number || strcmp(e->signature, signature) != 0))
		e = e->next;
	if (e)
		return e;
	e = fl_calloc(1, sizeof(*e));
	e->shares =
		fl_calloc((size_t)fences->layout->count, sizeof(*e->shares));
	snprintf(e->signature, sizeof(e->signature), "%s", signature);
	e->number = number;
	e->next = fences->list;
	fences->list = e;
	return e;
}

/* Shares that came early do not complete a fence that no rank here has entered:
 * who takes part is known by then only. */
static bool complete(const struct fence *e, int seats)
{
	if (!e->entered)
		return false;
	for (int i = 0; i < seats; i++)
		if (e->local.seats[i] && !e->shares[i].here)
			return false;
	return true;
}

/* All shares side by side, in the order of the machines. */
static void answer(struct fences *fences, struct fence *e)
{
	int seats = fences->layout->count;
	struct fence **at = &fences->list;
	size_t size = 0, used = 0;
	char *all = NULL;

	for (int i = 0; i < seats; i++)
		size += e->shares[i].size;
	if (size > 0)
		all = fl_malloc(size);
	for (int i = 0; i < seats; i++) {
		if (e->shares[i].size == 0)
			continue;
		memcpy(all + used, e->shares[i].data, e->shares[i].size);
		used += e->shares[i].size;
	}
	/* The text is the callee's; the fence goes now, for it will not come
	 * again. */
	e->local.answer(&e->local, all, size);
	while (*at != e)
		at = &(*at)->next;
	*at = e->next;
	free_fence(e, seats);
}

/* u32 number, signature with its NUL, the share. */
static void tell(const struct fences *fences, struct peers *peers,
		 const struct fence *e)
{
	const struct layout *l = fences->layout;
	size_t n = strlen(e->signature) + 1, size = e->local.size;
	unsigned char *p = fl_malloc(4 + n + size);

	fl_put(p, e->number, 4);
	memcpy(p + 4, e->signature, n);
	if (size)
		memcpy(p + 4 + n, e->local.data, size);
	for (int i = 0; i < l->count; i++)
		if (i != l->self && e->local.seats[i])
			peers_send(peers, l->list[i].host, WIRE_FENCE,
				   (uint32_t)l->attempt, p, 4 + n + size);
	free(p);
}

void fences_turn(struct fences *fences, struct peers *peers, struct pmi1 *pmi)
{
	struct pmix_fence local;

	while (fences->layout && (pmix_server_next_fence(&local) ||
				  pmi1_next_fence(pmi, &local))) {
		struct fence *e = find(fences, local.signature,
				       next_number(fences, local.signature));

		e->entered = true;
		e->local = local;
		e->shares[fences->layout->self] =
			(struct fence_share){ true, local.data, local.size };
		tell(fences, peers, e);
		if (complete(e, fences->layout->count))
			answer(fences, e);
	}
}

void fences_heard(struct fences *fences, int seat,
		  const struct wire_frame *frame)
{
	const unsigned char *p = frame->data, *nul;
	struct fence *e;
	size_t head, n;

	nul = frame->size > 4 ? memchr(p + 4, '\0', frame->size - 4) : NULL;
	if (!fences->layout || !nul)
		return;
	e = find(fences, (const char *)p + 4, (uint32_t)fl_get(p, 4));
	head = (size_t)(nul - p) + 1;
	n = frame->size - head;
	/* A machine says it once; a second one could only replace what ranks
	 * have. */
	if (e->shares[seat].here)
		return;
	e->shares[seat] = (struct fence_share){ true, NULL, n };
	if (n > 0) {
		e->shares[seat].data = fl_malloc(n);
		memcpy(e->shares[seat].data, p + head, n);
	}
	if (complete(e, fences->layout->count))
		answer(fences, e);
}

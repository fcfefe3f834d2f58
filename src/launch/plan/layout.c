/* layout.c - ranks follow from who takes part, in which order, with how many
 * devices. prepare.c builds one for each attempt; every machine builds the same
 * one, from the same frame.
 */
#include "launch/plan/layout.h"

#include "base/arena.h"

#include <stdlib.h>
#include <string.h>

static const struct field seat_rows[] = {
	FIELD(INT, struct layout_seat, host, "host", .absent = -1),
	FIELD(INTS, struct layout_seat, devices, "devices",
	      .count = offsetof(struct layout_seat, count)),
};
const struct record layout_seat_record = RECORD(struct layout_seat, seat_rows);

/* Grown one by one: 1024 machines at most, once an attempt. */
void layout_add(struct layout *l, int host, const int *devices, int count)
{
	struct layout_seat *s;

	l->list =
		fl_realloc(l->list, (size_t)(l->count + 1) * sizeof(*l->list));
	s = &l->list[l->count++];
	*s = (struct layout_seat){ .host = host,
				   .count = count,
				   .first = l->world };
	memcpy(s->devices, devices, (size_t)count * sizeof(int));
	l->world += count;
	l->most = count > l->most ? count : l->most;
}

void layout_release(struct layout *l)
{
	free(l->list);
	*l = (struct layout){ 0 };
}

/* A rank beyond the last belongs to nobody: the last seat, so that an array of
 * seats is never left. Ranks that came by the wire are bounded before. */
int layout_seat_of(const struct layout *l, int rank)
{
	for (int i = 0; i < l->count; i++)
		if (rank < l->list[i].first + l->list[i].count)
			return i;
	return l->count - 1;
}

int layout_find(const struct layout *l, int host)
{
	for (int i = 0; i < l->count; i++)
		if (l->list[i].host == host)
			return i;
	return -1;
}

const struct layout_seat *layout_own(const struct layout *l)
{
	return &l->list[l->self];
}

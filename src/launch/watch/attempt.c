/* attempt.c - what several watches ask of an attempt, and the one thing that two
 * of them (stall.c, stopped.c) end it for.
 */
#include "launch/watch/attempt.h"

#include <string.h>

const char *attempt_host(const struct attempt *a, int seat)
{
	return hosts_name(&a->plan->hosts, a->layout->list[seat].host);
}

const char *attempt_host_of(const struct attempt *a, int rank)
{
	return attempt_host(a, layout_seat_of(a->layout, rank));
}

int attempt_device_of(const struct attempt *a, int rank)
{
	const struct layout_seat *s =
		&a->layout->list[layout_seat_of(a->layout, rank)];

	return s->devices[rank - s->first];
}

/* All machines know the same and would report the same: one does. */
void attempt_stalled(const struct attempt *a, const char *text)
{
	const char *policy = a->options->stall_policy;
	struct fl_str end = FL_STR_INIT;

	if (strcmp(policy, "wait") == 0 || !post_decides(a->post))
		return;
	fl_str_addf(&end, "stands still: %s", text);
	a->fault(a->ctx, fault_of_stall(fl_str_get(&end),
					strcmp(policy, "abort") == 0));
	fl_str_release(&end);
}

/* member.c - the machines as they have told of themselves.
 *
 * frames.c hands over what they tell; rollcall.c asks who waits and who of them
 * can reach whom, for a job over machines that cannot all reach each other would
 * hang in its first collective.
 */
#include "launch/fleet/member.h"

#include <string.h>

static const struct field told_rows[] = {
	FIELD(INT, struct told, state, "state", .absent = FLEET_WAIT),
	FIELD(INT, struct told, attempt, "attempt", .absent = -1),
	FIELD(INT, struct told, restarts, "restarts"),
	FIELD(INT, struct told, ranks, "ranks"),
	FIELD(CHARS, struct told, job, "job"),
	FIELD(BOOL, struct told, past, "past", .forms = TOLD_PAST),
	FIELD(CHARS, struct told, sees, "sees"),
	FIELD(BOOL, struct told, over, "over"),
	FIELD(PART, struct told, newest, NULL, .forms = TOLD_COPY,
	      .of = &copy_name_record),
};
const struct record told_record = RECORD(struct told, told_rows);

void member_heard_state(struct fleet *fleet, int host, const struct json *o)
{
	struct member *m = &fleet->members[host];

	record_read(&told_record, o, &m->told);
	copy_name_settle(&m->told.newest);
	m->heard = true;
}

int member_waiting(const struct fleet *fleet, bool *who)
{
	int n = 0;

	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		const struct member *m = &fleet->members[i];

		who[i] = i == fleet->plan->hosts.self
				 ? fleet->state == FLEET_WAIT
				 : peers_here(fleet->peers, i) && m->heard &&
					   m->told.state == FLEET_WAIT;
		n += who[i];
	}
	return n;
}

/* Does a say that it has a link with b? state.c writes four machines a digit,
 * the lowest bit first; of itself this machine knows better than it told. */
static bool sees(const struct fleet *fleet, int a, int b)
{
	const char *hex = fleet->members[a].told.sees;
	int c, four;

	if (a == fleet->plan->hosts.self)
		return peers_here(fleet->peers, b);
	if (strlen(hex) <= (size_t)b / 4)
		return false;
	c = hex[b / 4];
	four = c >= 'a' ? c - 'a' + 10 : c - '0';
	return (four >> (b % 4)) & 1;
}

int member_clique(const struct fleet *fleet, bool *who)
{
	int n = member_waiting(fleet, who);

	for (int i = 0; i < fleet->plan->hosts.count; i++)
		for (int k = 0; who[i] && k < i; k++)
			if (who[k] &&
			    !(sees(fleet, i, k) && sees(fleet, k, i))) {
				who[i] = false;
				n--;
			}
	return n;
}

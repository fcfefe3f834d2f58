/* rows.c - the list of watches. fleet/prepare.c begins them, fleet/fleet.c turns
 * them, fleet/frames.c hands them frames, fleet/verdict.c ends them.
 *
 * The order is that of their turns; none relies on it.
 */
#include "launch/watch/watch.h"

static const struct watch *const rows[] = {
	&watch_agree, &watch_stall, &watch_stopped, &watch_ledger, &watch_pace,
};

#define ROWS ((int)(sizeof(rows) / sizeof(rows[0])))
_Static_assert(sizeof(rows) / sizeof(rows[0]) <= WATCH_MOST,
	       "struct watches has too little room");

void watches_end(struct watches *ws)
{
	for (int i = 0; i < ROWS; i++) {
		if (ws->list[i])
			rows[i]->end(ws->list[i]);
		ws->list[i] = NULL;
	}
}

void watches_begin(struct watches *ws, const struct attempt *a)
{
	watches_end(ws);
	for (int i = 0; i < ROWS; i++)
		ws->list[i] = rows[i]->begin(a);
}

void watches_turn(struct watches *ws)
{
	for (int i = 0; i < ROWS; i++)
		if (ws->list[i] && rows[i]->turn)
			rows[i]->turn(ws->list[i]);
}

void watches_said(struct watches *ws, const struct trainer *t,
		  enum agent_event event, const struct json *line)
{
	for (int i = 0; i < ROWS; i++)
		if (ws->list[i] && rows[i]->said)
			rows[i]->said(ws->list[i], t, event, line);
}

void watches_heard(struct watches *ws, int seat, enum wire_type type,
		   const struct json *o)
{
	for (int i = 0; i < ROWS; i++)
		if (ws->list[i] && rows[i]->heard)
			rows[i]->heard(ws->list[i], seat, type, o);
}

void watches_again(struct watches *ws)
{
	for (int i = 0; i < ROWS; i++)
		if (ws->list[i] && rows[i]->again)
			rows[i]->again(ws->list[i]);
}

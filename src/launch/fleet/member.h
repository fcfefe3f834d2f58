/* member.h - what the machines tell of themselves, and who can start. */
#ifndef FL_LAUNCH_MEMBER_H
#define FL_LAUNCH_MEMBER_H

#include "launch/fleet/fleet_priv.h"

/* The keys of a struct told: those of an agent that has yet to begin say whether
 * it remembers; those of one that holds a checkpoint name it. */
enum {
	TOLD_PAST = 1,
	TOLD_COPY = 2
};
extern const struct record told_record;

/* WIRE_STATE of that machine. */
void member_heard_state(struct fleet *fleet, int host, const struct json *o);
/* Who is waiting to start, ourselves included; returns how many. */
int member_waiting(const struct fleet *fleet, bool *who);
/* Of those who wait, the ones that all have links with each other. */
int member_clique(const struct fleet *fleet, bool *who);

#endif

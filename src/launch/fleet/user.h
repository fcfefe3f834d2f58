/* user.h - what the user wants of the whole job, told to one agent: to stop
 * (stop.c), to stand still and to go on (pause.c). */
#ifndef FL_LAUNCH_USER_H
#define FL_LAUNCH_USER_H

#include "launch/fleet/fleet_priv.h"

/* A request to stop, as the other machines hear of it. */
struct stop {
	int signal;
	const char *host; /* where it came */
	bool again;	  /* for the second time: end the trainers at once */
};

struct pause {
	bool paused;
};

extern const struct record stop_record, pause_record;

/* A signal came to this agent; another machine's got one. */
void stop_by_signal(struct fleet *fleet, int number);
void stop_heard(struct fleet *fleet, const struct json *o);
/* Keeps the report of a trainer that such a request may have ended, for a
 * moment; false: it is none of these, and still the caller's. */
bool stop_holds(struct fleet *fleet, struct json *report);
void stop_turn(struct fleet *fleet);

/* Ctrl-Z here: returns when the job goes on. */
void pause_here(struct fleet *fleet);
void pause_heard(struct fleet *fleet, int host, const struct json *o);
/* A machine that is gone pauses nobody. */
void pause_left(struct fleet *fleet, int host);

#endif

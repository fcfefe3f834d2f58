/* watch.h - duties during an attempt, each a row with the same hooks.
 *
 * A watch begins when the trainers start and ends when all of them are gone. It
 * is asked at every turn of the loop, hears what trainers of this machine say
 * and what other machines send of its frames. A new one is a file here, its row
 * in rows.c and its frames in fleet/frames.c.
 *
 * Ownership: what begin() returns is the watch's own, freed by its end().
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_WATCH_H
#define FL_LAUNCH_WATCH_H

#include "launch/watch/attempt.h"

struct watch {
	const char *name;
	/* NULL: not wanted in this attempt. */
	void *(*begin)(const struct attempt *a);
	void (*end)(void *w);
	/* The rest may be missing. */
	void (*turn)(void *w); /* every 50 ms while the trainers run */
	void (*said)(void *w, const struct trainer *t, enum agent_event event,
		     const struct json *line);
	/* seat: of the machine that sent it. */
	void (*heard)(void *w, int seat, enum wire_type type,
		      const struct json *o);
	/* The job was paused, and goes on: time that passed does not count. */
	void (*again)(void *w);
};

extern const struct watch watch_agree;	 /* before the first step */
extern const struct watch watch_stall;	 /* nothing moves */
extern const struct watch watch_stopped; /* a process is stopped */
extern const struct watch watch_ledger;	 /* who holds up the others */
extern const struct watch watch_pace;	 /* what the network costs a step */

/* Payloads of their frames, for fleet/frames.c. */
extern const struct record digest_record, stall_record, stopped_record,
	ledger_record, pace_record, forecast_record;

#define WATCH_MOST 8

/* The watches of one attempt, in the order of rows.c. */
struct watches {
	void *list[WATCH_MOST]; /* NULL: not wanted */
};

void watches_begin(struct watches *ws, const struct attempt *a);
void watches_end(struct watches *ws);
void watches_turn(struct watches *ws);
void watches_said(struct watches *ws, const struct trainer *t,
		  enum agent_event event, const struct json *line);
void watches_heard(struct watches *ws, int seat, enum wire_type type,
		   const struct json *o);
void watches_again(struct watches *ws);

#endif

/* frames.h - every frame between agents, as rows of one table: when it counts,
 * from whom, who takes it, what it holds, what it means. */
#ifndef FL_LAUNCH_FRAMES_H
#define FL_LAUNCH_FRAMES_H

#include "launch/fleet/fleet_priv.h"

#include <stdio.h>

enum frame_from {
	FROM_ANYONE,
	FROM_MEMBER, /* a machine that takes part */
	FROM_FIRST   /* the machine of rank 0 */
};

struct frame_row {
	enum wire_type type;
	const char *name;
	unsigned states;   /* bits of enum fleet_state */
	bool this_attempt; /* one of another attempt is late */
	enum frame_from from;
	/* NULL: the link takes it before the fleet hears of it. o: the payload
	 * where that is JSON. */
	void (*hear)(struct fleet *fleet, int host,
		     const struct wire_frame *frame, const struct json *o);
	/* The payload: objects of a record, or other things in words; neither:
	 * none. */
	const struct record *record;
	bool list; /* an array of these */
	const char *words;
	bool json; /* what the words describe is JSON */
	const char *meaning;
};

/* The row of a type; NULL: of a newer agent. Tests call it too. */
const struct frame_row *frames_find(int type);
/* Hands a frame to who takes it, if it counts now. */
void frames_heard(struct fleet *fleet, int host,
		  const struct wire_frame *frame);
/* The tables of docs/launch-protocol.md: frames, and the trainers' lines. */
void frames_print(FILE *out);

#endif

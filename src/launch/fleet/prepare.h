/* prepare.h - from "everyone is here" to a start that has succeeded. */
#ifndef FL_LAUNCH_PREPARE_H
#define FL_LAUNCH_PREPARE_H

#include "launch/fleet/fleet_priv.h"

/* The coordinator's word: make ready for an attempt. */
struct prepare_order {
	const char *job;
	int restarts, ranks;
	const struct json *members; /* "host" and "devices" of each seat */
	struct resume resume;	    /* from: -1: from the beginning */
};

extern const struct record prepare_order_record;

/* On the coordinator: these take part. */
void prepare_begin(struct fleet *fleet, const bool *who);
void prepare_heard(struct fleet *fleet, const struct json *o, int attempt);
/* In PREPARE and READY. */
void prepare_turn(struct fleet *fleet);
/* All are ready: START. */
void prepare_start(struct fleet *fleet);
/* Ends the job if it was to look only, and has. */
void prepare_looked(struct fleet *fleet);
/* Has the start succeeded? Asked at every turn of RUN and DONE until it has. */
void prepare_begun(struct fleet *fleet);

#endif

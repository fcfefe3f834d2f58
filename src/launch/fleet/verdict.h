/* verdict.h - faults: which one came first, what everyone is told of it, and
 * whether the job starts again.
 *
 * Reports and verdicts that are given to these functions are theirs from then
 * on.
 */
#ifndef FL_LAUNCH_VERDICT_H
#define FL_LAUNCH_VERDICT_H

#include "launch/fleet/fleet_priv.h"

/* "rank": a trainer has begun to end. */
struct ending {
	int rank;
};

extern const struct record ending_record;

/* The trainers start: nobody has begun to end. */
void verdict_begin(struct fleet *fleet);
/* Forgets the faults of the attempt before. */
void verdict_forget(struct fleet *fleet);

/* A fault of this machine's, told to all; one that another machine told. */
void verdict_report(struct fleet *fleet, struct json *report);
void verdict_add_fault(struct fleet *fleet, struct json *report);
/* A trainer of this machine begins to end; one of another machine. */
void verdict_ending(struct fleet *fleet, int rank);
void verdict_heard_ending(struct fleet *fleet, const struct json *o);
/* What the trainers of another machine were at. */
void verdict_heard_where(struct fleet *fleet, const struct json *lines);
/* The coordinator's verdict about this attempt. */
void verdict_heard(struct fleet *fleet, struct json *verdict, int attempt);

/* In STOP: judges when it is time, goes on when the trainers are gone. */
void verdict_turn(struct fleet *fleet);
/* Ends the job on every machine that is here, with this sentence. */
void verdict_end(struct fleet *fleet, const char *kind, const char *end,
		 enum fl_code code);

#endif

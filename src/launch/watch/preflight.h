/* preflight.h - between "all are ready" and the start: links are measured, and
 * everyone is told what they and the machines can carry.
 *
 * Every machine has one from when it is ready for an attempt until the next
 * attempt. The machine of rank 0 leads: it lets pairs of machines measure the
 * link between them, round by round, and writes the report. Nothing here ends a
 * job; a machine that is lost does, as ever.
 *
 * Ownership: the attempt is borrowed. NULL is fine where nothing else is said.
 * Threads: the main thread; the measurer has one of its own.
 */
#ifndef FL_LAUNCH_PREFLIGHT_H
#define FL_LAUNCH_PREFLIGHT_H

#include "launch/measure/findings.h"
#include "launch/watch/attempt.h"

#include <poll.h>

struct preflight *preflight_new(const struct attempt *a);
void preflight_free(struct preflight *p);
/* The trainers start: no thread of ours goes on beside them. */
void preflight_rest(struct preflight *p);

/* What is to be waited for; returns how many, at most one. */
int preflight_fds(const struct preflight *p, struct pollfd *fds);
/* The leader's turn once all are ready, with the rooms of all seats; true: there
 * is nothing left to look at. */
bool preflight_turn(struct preflight *p, const struct room *rooms);
/* Every other machine's turn. */
void preflight_member_turn(struct preflight *p);
/* A peer made a connection to be measured; fd is the callee's. */
void preflight_stream(struct preflight *p, int host, int fd);
/* WIRE_MEASURE, WIRE_MEASURED and WIRE_PREFLIGHT of the machine at this seat. */
void preflight_heard(struct preflight *p, int seat, enum wire_type type,
		     const struct json *o);

/* When this machine was last told to measure; 0: never. */
double preflight_busy_at(const struct preflight *p);
/* With --preflight: was that all? Other programs than ours have nothing to add
 * to what was found. */
bool preflight_was_all(const struct preflight *p);
/* What a job that only looks ends with; 0 for every other job. */
int preflight_status(const struct preflight *p);

/* What was found, empty until then; p is not NULL. */
const struct findings *preflight_found(const struct preflight *p);
/* Adds what the network will cost to the report, if this machine has it. */
void preflight_add_forecast(struct preflight *p, const struct json *forecast);

/* Payloads of its frames. */
extern const struct record measure_order_record;

#endif

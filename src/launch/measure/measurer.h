/* measurer.h - measures the links of this machine, one at a time, in a thread
 * of its own: the agent's loop neither waits for it nor disturbs it.
 *
 * Of a pair, the machine that stands later in --ips calls the other's agent
 * port once more and asks (launch/measure/measure.h); the other answers.
 *
 * Ownership: hosts and token are borrowed. Threads: the main thread.
 */
#ifndef FL_LAUNCH_MEASURER_H
#define FL_LAUNCH_MEASURER_H

#include "launch/plan/hosts.h"
#include "launch/measure/measure.h"
#include "text/record.h"

struct measurer;

/* What one end has to say when a measurement has ended. */
struct measured {
	int round, with;   /* with: place in --ips */
	const char *error; /* in words */
	/* Of the machine that asked: */
	int trips;
	double round_trip, round_trip_least, offset, offset_error; /* s */
	double there, back; /* bits/s; not there: not measured */
};

enum {
	MEASURED_ERROR = 1,
	MEASURED_ASKED = 2,
	MEASURED_THERE = 4,
	MEASURED_BACK = 8
};
extern const struct record measured_record;

struct measurer *measurer_new(const struct hosts *hosts, int port,
			      const char *token);
/* Breaks off what is under way; NULL is fine. */
void measurer_free(struct measurer *m);

/* Measure the link with this machine; what was under way is broken off. */
void measurer_begin(struct measurer *m, int peer, int round,
		    const struct measure_plan *plan);
/* The connection that a peer made for it; fd is the measurer's from now on. */
void measurer_stream(struct measurer *m, int peer, int fd);
/* Readable when a measurement has ended. */
int measurer_fd(const struct measurer *m);
/* What came out, once, with its forms; false: nothing has ended. The error is
 * the measurer's, until the next call. */
bool measurer_turn(struct measurer *m, struct measured *out, unsigned *forms);

#endif

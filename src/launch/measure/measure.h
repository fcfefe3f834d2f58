/* measure.h - round trip, clock and bandwidth of one connection.
 *
 * Both ends have a connected TCP socket; one asks, the other answers. First the
 * round trips, each answered with the other's time; then, if asked for, a
 * stream there and a stream back. docs/launch-protocol.md has the bytes.
 *
 * The calls block, but never longer than limit_s, whatever the other end does,
 * and return within 50 ms once *cancel is set.
 *
 * Ownership: the socket stays the caller's; it is made non-blocking.
 * Threads: one call per socket, any thread; results belong to the caller.
 */
#ifndef FL_LAUNCH_MEASURE_H
#define FL_LAUNCH_MEASURE_H

#include "base/err.h"
#include "launch/measure/estimate.h"
#include "text/record.h"

#include <stdatomic.h>

#define MEASURE_TRIPS_MAX 1000

struct measure_plan {
	int trips;	 /* at most MEASURE_TRIPS_MAX */
	double trips_s;	 /* no further ones after this, once 3 are done */
	double stream_s; /* each way, longer where round trips are; 0: none */
	double limit_s;	 /* of all */
};

/* The keys of a plan in an order to measure. */
extern const struct record measure_plan_record;

struct measure_result {
	int trips;
	double round_trip, round_trip_least; /* s: median, least */
	struct clock_estimate clock;	     /* the other's minus ours */
	double there, back;		     /* bits/s; 0: not measured */
};

int measure_ask(int fd, const struct measure_plan *plan,
		const atomic_bool *cancel, struct measure_result *out,
		struct fl_err *err);
int measure_answer(int fd, const struct measure_plan *plan,
		   const atomic_bool *cancel, struct fl_err *err);

/* Wait until the socket is ready for what (POLLIN, POLLOUT), as bounded as
 * above: until is a time of fl_now_s(). doing: "answering", for the sentence. */
int measure_wait(int fd, short what, double until, const atomic_bool *cancel,
		 const char *doing, struct fl_err *err);

#endif

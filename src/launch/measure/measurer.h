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
#include "text/json.h"

struct measurer;

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
/* What came out, once: "round", "with" (place in --ips), and "error" in words,
 * or, where this machine asked, "round_trip_s", "offset_s", ... NULL: nothing
 * has ended. The caller frees it. */
struct json *measurer_turn(struct measurer *m);

#endif

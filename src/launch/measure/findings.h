/* findings.h - what the machines and the links between them can carry, looked
 * at before the first start: the shape of the findings, and how people read
 * them. launch/fleet/preflight.c gathers them.
 *
 * Ownership: a preflight owns its pairs and machines.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_FINDINGS_H
#define FL_LAUNCH_FINDINGS_H

#include "launch/measure/estimate.h"
#include "launch/measure/room.h"

struct preflight_pair {
	struct pair pair; /* places among the machines that take part */
	bool ended[2];	  /* a, b have told */
	bool measured;
	char error[256]; /* else why not */
	double error_at;
	double round_trip, round_trip_least, offset, offset_error;
	double there, back; /* bits/s from b to a, from a to b; 0: none */
};

struct preflight_machine {
	const char *name; /* borrowed */
	struct room room;
	struct room_need need;
	bool mute; /* it did not answer when it should have */
};

struct preflight {
	struct preflight_machine *machines;
	struct preflight_pair *pairs;
	int machine_count, pair_count;
	double seconds;
	const char *log_dir; /* borrowed */
};

/* The slowest link between neighbours in the ring: least bandwidth of either
 * direction, longest round trip. False: none was measured. */
bool preflight_ring(const struct preflight *p, struct forecast_input *in,
		    const struct preflight_pair **slowest);
/* How many pairs could not be measured. */
int preflight_failures(const struct preflight *p);

/* One line for people; the table; a line for each thing that needs care. */
void preflight_summary(const struct preflight *p, struct fl_str *out);
void preflight_table(const struct preflight *p, struct fl_str *out);
int preflight_warnings(const struct preflight *p, struct fl_str *out);
/* All of it, with the three texts. */
struct json *preflight_write(const struct preflight *p);

/* What the network costs a trainer's step; step_s: measured, 0 unknown. */
void preflight_forecast(const struct preflight *p,
			const struct forecast_input *in,
			const struct forecast *f, double step_s,
			struct fl_str *out);

#endif

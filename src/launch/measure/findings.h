/* findings.h - what the machines and the links between them can carry, looked
 * at before the first start: the shape of the findings, and how people read
 * them. launch/watch/preflight.c gathers them.
 *
 * Ownership: findings own their pairs and machines.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_FINDINGS_H
#define FL_LAUNCH_FINDINGS_H

#include "launch/measure/estimate.h"
#include "launch/measure/room.h"

struct findings_pair {
	struct pair pair; /* places among the machines that take part */
	bool ended[2];	  /* a, b have told */
	bool measured;
	char error[256]; /* else why not */
	double error_at;
	double round_trip, round_trip_least, offset, offset_error;
	double there, back; /* bits/s from b to a, from a to b; 0: none */
};

struct findings_machine {
	const char *name; /* borrowed */
	struct room room;
	struct room_need need;
	bool mute; /* it did not answer when it should have */
};

struct findings {
	struct findings_machine *machines;
	struct findings_pair *pairs;
	int machine_count, pair_count;
	double seconds;
	const char *log_dir; /* borrowed */
};

/* The slowest link between neighbours in the ring: least bandwidth of either
 * direction, longest round trip. False: none was measured. */
bool findings_ring(const struct findings *p, struct forecast_input *in,
		   const struct findings_pair **slowest);
/* How many pairs could not be measured. */
int findings_failures(const struct findings *p);

/* One line for people; a line for each thing that needs care. Tests call them too. */
void findings_summary(const struct findings *p, struct fl_str *out);
int findings_warnings(const struct findings *p, struct fl_str *out);
/* The report as every machine gets it, and has it in preflight.json. */
struct findings_report {
	const char *summary;
	double seconds;
	const struct json *warnings; /* texts */
	const struct json *pairs, *machines;
	const char *table;
	int status; /* that a job which only looks ends with */
};

extern const struct record findings_report_record;

/* All of it, with the three texts; the caller frees it. */
struct json *findings_write(const struct findings *p, int status);

/* What the network costs a trainer's step; step_s: measured, 0 unknown. */
void findings_forecast(const struct findings *p,
		       const struct forecast_input *in,
		       const struct forecast *forecast, double step_s,
		       struct fl_str *out);

#endif

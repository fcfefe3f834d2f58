/* estimate.h - the arithmetic of the preflight: what measured times mean.
 *
 * Pure functions of numbers, no sockets and no clocks. Times in seconds unless
 * a name says ns, rates in bits per second.
 * Threads: any; nothing is shared.
 */
#ifndef FL_LAUNCH_ESTIMATE_H
#define FL_LAUNCH_ESTIMATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One exchange of messages, ns: when it left and returned by our clock, when
 * it was answered by the other's (all of the date's clock). */
struct clock_sample {
	int64_t left, answered, returned;
};

/* The other's clock minus ours is offset, give or take error: the answer lies
 * somewhere between leaving and returning, so the quickest exchange tells most
 * (Cristian's midpoint). */
struct clock_estimate {
	double offset, error;
};

struct clock_estimate estimate_clock(const struct clock_sample *samples,
				     int count);
/* The middle one; of an even count the mean of both. Sorts values; 0: none. */
double estimate_median(double *values, int count);

/* The rate of a stream from when its pieces arrived: the upper quartile over
 * slices of slice_s, for a busy machine that lets either end wait only ever
 * makes a slice slower, and what is asked is what the link carries. What comes
 * within the first warm_s is left out: the window still opens, and shapers give
 * a burst away. */
#define RATE_SLICES 256

struct rate_meter {
	double warm_s, slice_s;
	bool begun;
	double first; /* time of the first piece */
	double from;  /* of the slice under way */
	uint64_t bytes;
	int count;
	double slices[RATE_SLICES];
};

void rate_add(struct rate_meter *m, double now, size_t bytes);
/* Sorts the slices; 0 when too little came to tell. */
double rate_of(struct rate_meter *m);

/* --- what the network costs in a step of training --- */

struct forecast_input {
	int ranks;
	double gradient_bytes; /* of one rank */
	double rate;	       /* of the slowest link of the ring */
	double round_trip;     /* of the slowest link of the ring */
	int sums;	       /* small all-reduces that nothing hides */
	double compute_s;      /* of a step, without waiting for others */
};

enum forecast_kind {
	FORECAST_HIDDEN, /* the all-reduce fits beside the backward pass */
	FORECAST_PARTLY, /* a part of it is waited for */
	FORECAST_LIMIT	 /* it takes longer than the step computes */
};

struct forecast {
	enum forecast_kind kind;
	double all_reduce_s, sums_s;
	double share; /* of both in the computing time: 0.12 for 12 % */
	double step_s;
	double efficiency; /* computing time / step_s */
};

/* The part of a step's computing that is backward, behind which gradients
 * travel: two of its three passes over the convolutions. */
#define FORECAST_BACKWARD (2.0 / 3)

/* Seconds of a ring all-reduce: each link carries 2 (R-1) / R of the bytes in
 * 2 turns; two ranks just exchange them. */
double forecast_all_reduce(const struct forecast_input *in, double bytes);
struct forecast forecast_step(const struct forecast_input *in);

/* --- which pairs are measured when --- */

struct pair {
	int a, b, round;   /* a < b, places among the machines */
	bool latency_only; /* no bandwidth */
};

/* In a round no machine is in two pairs. all: every pair (round robin), else
 * neighbours in the ring, then each of the rest with machine 0 for its round
 * trip alone. Returns how many; the caller frees *out. */
int pairs_make(int machines, bool all, struct pair **out);

#endif

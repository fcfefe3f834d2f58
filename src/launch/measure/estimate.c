/* estimate.c - what measured times mean, as arithmetic alone.
 *
 * measure.c asks for clocks and rates, watch/preflight.c for pairs,
 * watch/pace.c for the forecast. A ring's all-reduce is taken as ideal, for what
 * is wanted is a bound: whether the network can be hidden behind computing.
 */
#include "launch/measure/estimate.h"

#include "base/arena.h"

#include <stdlib.h>

/* offset = answered - (left + returned) / 2, and error half the trip: the reply
 * was made at some moment in between (Cristian 1989). */
struct clock_estimate estimate_clock(const struct clock_sample *s, int count)
{
	struct clock_estimate e = { 0, 0 };
	int64_t least = INT64_MAX;

	for (int i = 0; i < count; i++) {
		int64_t trip = s[i].returned - s[i].left;

		/* A clock that was set in between tells nothing. */
		if (trip < 0 || trip >= least)
			continue;
		least = trip;
		e.error = (double)trip * 0.5e-9;
		e.offset = (double)(s[i].answered - s[i].left) * 1e-9 - e.error;
	}
	return e;
}

static int by_value(const void *a, const void *b)
{
	double x, y;

	x = *(const double *)a;
	y = *(const double *)b;
	return (x > y) - (x < y);
}

double estimate_median(double *values, int count)
{
	if (count <= 0)
		return 0;
	qsort(values, (size_t)count, sizeof(*values), by_value);
	return (values[(count - 1) / 2] + values[count / 2]) / 2;
}

/* A slice ends with a piece and is as long as that took, so no piece is cut in
 * two. After RATE_SLICES the rest is left: a quartile wants no more. */
void rate_add(struct rate_meter *m, double now, size_t bytes)
{
	double seconds = now - m->from;

	if (!m->begun) {
		m->begun = true;
		m->first = now;
	}
	if (now - m->first <= m->warm_s) {
		m->from = now;
		return;
	}
	m->bytes += bytes;
	if (seconds < m->slice_s || m->count == RATE_SLICES)
		return;
	m->slices[m->count++] = 8 * (double)m->bytes / seconds;
	m->bytes = 0;
	m->from = now;
}

double rate_of(struct rate_meter *m)
{
	if (m->count == 0)
		return 0;
	qsort(m->slices, (size_t)m->count, sizeof(*m->slices), by_value);
	return m->slices[3 * (m->count - 1) / 4];
}

/* Bytes over bits/s, and a way is half a round trip. A link that was not
 * measured costs nothing here: the caller says whether one was. */
double forecast_all_reduce(const struct forecast_input *in, double bytes)
{
	double r = in->ranks;
	double turns = in->ranks > 2 ? 2 * (r - 1) : 1;

	if (in->ranks < 2 || in->rate <= 0)
		return 0;
	return 2 * (r - 1) / r * bytes * 8 / in->rate +
	       turns * in->round_trip / 2;
}

/* Of a few numbers: each rank knows all after log2 R turns. */
static double forecast_small_sum(const struct forecast_input *in)
{
	int turns = 0;

	while (1 << turns < in->ranks)
		turns++;
	return turns * in->round_trip / 2;
}

struct forecast forecast_step(const struct forecast_input *in)
{
	struct forecast forecast = {
		FORECAST_HIDDEN, 0, 0, 0, in->compute_s, 1
	};
	double backward = in->compute_s * FORECAST_BACKWARD, waited;

	forecast.all_reduce_s = forecast_all_reduce(in, in->gradient_bytes);
	forecast.sums_s = in->sums * forecast_small_sum(in);
	/* Gradients travel while the backward pass goes on; small sums hide
	 * nowhere, for the step needs them at once. */
	waited = forecast.all_reduce_s > backward
			 ? forecast.all_reduce_s - backward
			 : 0;
	if (in->compute_s <= 0)
		return forecast;
	forecast.share =
		(forecast.all_reduce_s + forecast.sums_s) / in->compute_s;
	forecast.step_s = in->compute_s + forecast.sums_s + waited;
	forecast.efficiency = in->compute_s / forecast.step_s;
	if (forecast.share >= 1)
		forecast.kind = FORECAST_LIMIT;
	else if (waited > 0)
		forecast.kind = FORECAST_PARTLY;
	return forecast;
}

static int add(struct pair *list, int n, int a, int b, int round)
{
	if (a == b)
		return n;
	list[n] = (struct pair){ a < b ? a : b, a < b ? b : a, round, false };
	return n + 1;
}

/* The circle of a tournament: one stays, the rest move on by one each round.
 * With an odd number the one whose partner is missing rests. */
static int round_robin(int machines, struct pair *list)
{
	int even = machines + machines % 2, n = 0;

	for (int r = 0; r < even - 1; r++) {
		for (int i = 0; i < even / 2; i++) {
			int a = i == 0 ? even - 1 : (r + i) % (even - 1);
			int b = (r + even - 1 - i) % (even - 1);

			if (a < machines && b < machines)
				n = add(list, n, a, b, r);
		}
	}
	return n;
}

/* Neighbours in two rounds, every other one at a time (an odd ring needs a
 * third for its last), then machine 0 with the rest, one a round: it can be in
 * one pair at a time. The ring's own pairs of machine 0 are not repeated. */
static int ring_and_first(int machines, struct pair *list)
{
	int n = 0, round = 2 + machines % 2;

	for (int i = 0; i < machines; i++) /* the last one of an odd ring: 2 */
		n = add(list, n, i, (i + 1) % machines,
			i == machines - 1 && machines % 2 ? 2 : i % 2);
	for (int i = 2; i < machines - 1; i++) {
		n = add(list, n, 0, i, round++);
		list[n - 1].latency_only = true;
	}
	return n;
}

int pairs_make(int machines, bool all, struct pair **out)
{
	size_t most = all ? (size_t)machines * (size_t)machines / 2
			  : 2 * (size_t)machines;

	*out = fl_calloc(most + 1, sizeof(**out));
	if (machines < 2)
		return 0;
	/* Up to three machines the ring is all pairs. */
	return all || machines < 4 ? round_robin(machines, *out)
				   : ring_and_first(machines, *out);
}

/* straggler.c - which rank holds up the others, from how each spent its steps.
 *
 * watch/ledger.c asks once all ranks have told their means. Ranks meet in every
 * step, so the slow one is the one that waits least; the cause is the part of
 * its own time in which it differs from the median of the others.
 */
#include "launch/measure/straggler.h"

#include "base/arena.h"
#include "launch/measure/estimate.h"

#include <stdlib.h>

/* What counts: a rank that costs the others a seventh of each step, and what
 * takes a third of the step of every rank. Steps vary by some per cent, and a
 * line on the console must be worth it. */
#define SLOW 0.15
#define LARGE 0.35
#define MOST 0.5   /* of what it costs: the cause */
#define ENOUGH 0.3 /* likewise where the system counts only a part */

static double own(const struct straggler_row *r)
{
	double v = r->step - r->wait;

	return v > 0 ? v : 0;
}

/* The training thread also spins while it waits for others: only the share of
 * its own part counts. */
static double in_own_part(const struct straggler_row *r, double seconds)
{
	return r->step > 0 ? seconds * own(r) / r->step : 0;
}

static double data(const struct straggler_row *r)
{
	return r->data;
}

/* What is left of the step is taken for computing. */
static double computing(const struct straggler_row *r)
{
	double v = own(r) - r->data;

	return v > 0 ? v : 0;
}

static double throttled(const struct straggler_row *r)
{
	return in_own_part(r, r->throttled);
}

static double for_core(const struct straggler_row *r)
{
	return in_own_part(r, r->for_core);
}

/* Where all suffer, waiting ranks do too. */
static double for_core_at_all(const struct straggler_row *r)
{
	return r->for_core;
}

static double standing(const struct straggler_row *r)
{
	double v = computing(r) - r->on_core - r->for_core;

	return v > 0 ? v : 0;
}

static double waiting(const struct straggler_row *r)
{
	return r->wait;
}

typedef double (*part_fn)(const struct straggler_row *r);

/* The median of all rows but one (-1: of all). */
static double median(const struct straggler_row *rows, int count, int but,
		     part_fn part)
{
	double *v = fl_calloc((size_t)count, sizeof(*v)), m;
	int n = 0;

	for (int i = 0; i < count; i++)
		if (i != but)
			v[n++] = part(&rows[i]);
	m = estimate_median(v, n);
	free(v);
	return m;
}

static double least(const struct straggler_row *rows, int count, part_fn part)
{
	double m = part(&rows[0]);

	for (int i = 1; i < count; i++)
		m = part(&rows[i]) < m ? part(&rows[i]) : m;
	return m;
}

/* What of the slow rank explains its costs: surely, if it is enough; of the two
 * that are never all of it, the larger one. */
static void name_cause(const struct straggler_row *rows, int count,
		       struct straggler *s)
{
	/* The surest sign first: waiting for data is measured by the trainer
	 * itself, throttling by the system. A rank whose cores are shared also
	 * computes longer, so computing is named only where nothing else is. */
	static const struct {
		enum straggler_cause cause;
		part_fn part;
		double enough;
		bool sure;
	} signs[] = {
		{ STRAGGLER_DATA, data, MOST, true },
		{ STRAGGLER_THROTTLED, throttled, ENOUGH, true },
		{ STRAGGLER_SHARED, for_core, ENOUGH, false },
		{ STRAGGLER_STANDS, standing, ENOUGH, false },
		{ STRAGGLER_COMPUTE, computing, 0, true },
	};
	double most = 0;

	for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++) {
		double has = signs[i].part(&rows[s->which]);
		double others = median(rows, count, s->which, signs[i].part);
		double more = has - others;

		if (more < signs[i].enough * s->costs ||
		    (most > 0 &&
		     (signs[i].cause == STRAGGLER_COMPUTE || more <= most)))
			continue;
		s->cause = signs[i].cause;
		s->has = has;
		s->others = others;
		if (signs[i].sure)
			return;
		most = more;
	}
}

/* No rank is slower than the rest: is there something that all suffer? */
static void find_common(const struct straggler_row *rows, int count,
			bool several, double step, struct straggler *s)
{
	double data_s = least(rows, count, data);
	double core_s = least(rows, count, for_core_at_all);
	double wait_s = least(rows, count, waiting);

	*s = (struct straggler){ .which = -1 };
	if (data_s > LARGE * step) {
		s->cause = STRAGGLER_DATA;
		s->has = data_s;
	} else if (core_s > LARGE * step) {
		s->cause = STRAGGLER_SHARED;
		s->has = core_s;
	} else if (several && wait_s > LARGE * step) {
		s->cause = STRAGGLER_NETWORK;
		s->has = wait_s;
	}
	s->costs = s->has;
}

void straggler_find(const struct straggler_row *rows, int count, bool several,
		    struct straggler *out)
{
	double step = 0;
	int slow = 0;

	*out = (struct straggler){ .which = -1 };
	/* One rank holds up nobody. */
	if (count < 2)
		return;
	for (int i = 0; i < count; i++) {
		step += rows[i].step / count;
		if (own(&rows[i]) > own(&rows[slow]))
			slow = i;
	}
	out->which = slow;
	out->costs = own(&rows[slow]) - median(rows, count, slow, own);
	if (out->costs > SLOW * step)
		name_cause(rows, count, out);
	else
		find_common(rows, count, several, step, out);
}

const char *straggler_word(enum straggler_cause cause)
{
	static const char *const words[] = {
		[STRAGGLER_NONE] = "",
		[STRAGGLER_DATA] = "data loading",
		[STRAGGLER_THROTTLED] = "throttled",
		[STRAGGLER_SHARED] = "shared cores",
		[STRAGGLER_STANDS] = "stands still",
		[STRAGGLER_COMPUTE] = "slower cores",
		[STRAGGLER_NETWORK] = "network",
	};

	return words[cause];
}

void straggler_explain(const struct straggler *s, struct fl_str *out)
{
	/* of one rank; of all alike */
	static const char *const reasons[][2] = {
		[STRAGGLER_NONE] = { "", "" },
		[STRAGGLER_DATA] = { "it waits for its images (disk, or too few cores for worker_num)",
				     "they wait for their images (disk, or too few cores for worker_num)" },
		[STRAGGLER_THROTTLED] = { "its control group reaches its limit of processor time",
					  "" },
		[STRAGGLER_SHARED] = { "other programs run on its cores",
				       "they run on fewer cores than they have threads, or other programs do too" },
		[STRAGGLER_STANDS] = { "it stands still (stopped, or waiting for memory or a disk)",
				       "" },
		[STRAGGLER_COMPUTE] = { "it computes longer (slower, hotter or fewer cores)",
					"" },
		[STRAGGLER_NETWORK] = { "", "they wait for the network" },
	};

	fl_str_addf(out, "%s: %.1f ms a step", reasons[s->cause][s->which < 0],
		    1e3 * s->has);
	if (s->which >= 0)
		fl_str_addf(out, ", others %.1f ms", 1e3 * s->others);
}

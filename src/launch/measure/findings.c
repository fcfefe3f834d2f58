/* findings.c - the findings of a preflight in words, as a table and as JSON.
 *
 * watch/preflight.c has them written once all pairs have ended. The bounds of a
 * warning are wide, for a first look at a busy machine is coarse: a link three
 * times slower than the fastest, a round trip ten times the median, clocks a
 * second apart (which is where the times of two logs no longer fit together).
 */
#include "launch/measure/findings.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define SHOWN 8		  /* of one kind of warning */
#define SLOW_RATE 3	  /* times slower than the fastest link */
#define SLOW_TRIP 10	  /* times longer than the median */
#define SLOW_TRIP_S 0.001 /* and no shorter than this */
#define CLOCK_S 1.0
#define SUMS_SHARE 0.05	    /* of a step, before they are worth a word */
#define EXAMPLE_BYTES 100e6 /* of a table that knows no model */

static const char *name_of(const struct findings *p, int machine)
{
	return p->machines[machine].name;
}

static double gbit(double bits_per_s)
{
	return bits_per_s * 1e-9;
}

/* A pair that is measured for its round trip alone has none. Of a pair b asks:
 * "there" is what it sent, b to a, and the offset is a's clock less b's. */
static bool has_rates(const struct findings_pair *x)
{
	return x->measured && x->there > 0 && x->back > 0;
}

static double least_rate(const struct findings_pair *x)
{
	return x->there < x->back ? x->there : x->back;
}

/* The ring follows the order of --ips, and its last machine meets the first. */
static bool neighbours(const struct findings *p, const struct pair *x)
{
	return x->b - x->a == 1 || x->b - x->a == p->machine_count - 1;
}

/* A ring is as fast as its slowest link; each of its steps takes the longest
 * round trip. */
bool findings_ring(const struct findings *p, struct forecast_input *in,
		   const struct findings_pair **slowest)
{
	*slowest = NULL;
	in->rate = in->round_trip = 0;
	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		if (!has_rates(x) || !neighbours(p, &x->pair))
			continue;
		if (x->round_trip > in->round_trip)
			in->round_trip = x->round_trip;
		if (*slowest && least_rate(x) >= in->rate)
			continue;
		in->rate = least_rate(x);
		*slowest = x;
	}
	return *slowest != NULL;
}

/* Also those whose machines did not answer and were not asked again. */
int findings_failures(const struct findings *p)
{
	int n = 0;

	for (int i = 0; i < p->pair_count; i++)
		n += !p->pairs[i].measured;
	return n;
}

struct range {
	double least, most;
	int count;
};

static void widen(struct range *r, double v)
{
	r->least = r->count == 0 || v < r->least ? v : r->least;
	r->most = r->count == 0 || v > r->most ? v : r->most;
	r->count++;
}

void findings_summary(const struct findings *p, struct fl_str *out)
{
	struct range trips = { 0 }, rates = { 0 }, clocks = { 0 };

	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		if (!x->measured)
			continue;
		widen(&trips, x->round_trip * 1e6);
		/* The worst that the measurement allows for, in ms. */
		widen(&clocks, (fabs(x->offset) + x->offset_error) * 1e3);
		if (has_rates(x)) {
			widen(&rates, gbit(x->there));
			widen(&rates, gbit(x->back));
		}
	}
	if (p->pair_count == 0)
		return;
	fl_str_addf(out, "preflight of %.1f s: ", p->seconds);
	if (trips.count < p->pair_count)
		fl_str_addf(out, "%d of ", trips.count);
	fl_str_addf(out, "%d link%s measured", p->pair_count,
		    p->pair_count == 1 ? "" : "s");
	if (trips.count)
		fl_str_addf(
			out,
			": round trip %.0f to %.0f us, clocks within %.2g ms",
			trips.least, trips.most, clocks.most);
	if (rates.count)
		fl_str_addf(out, ", %.3g to %.3g Gbit/s", rates.least,
			    rates.most);
}

/* One row of the table, in the order a, b: so the rate back comes first, and
 * the clock is turned round. */
static void add_pair(const struct findings *p, const struct findings_pair *x,
		     struct fl_str *out)
{
	fl_str_addf(out, "\n  %-18s %-18s ", name_of(p, x->pair.a),
		    name_of(p, x->pair.b));
	if (!x->measured) {
		fl_str_addf(out, "not measured: %s", x->error);
		return;
	}
	fl_str_addf(out, "%10.0f us", x->round_trip * 1e6);
	if (has_rates(x))
		fl_str_addf(out, " %9.3g %9.3g", gbit(x->back), gbit(x->there));
	else
		fl_str_addf(out, " %9s %9s", "-", "-");
	fl_str_addf(out, "   %+.3f ms +- %.3f", -x->offset * 1e3,
		    x->offset_error * 1e3);
}

/* In a column of 15 letters, as the heading has it. */
static void add_bytes(int64_t bytes, struct fl_str *out)
{
	if (bytes < 0)
		fl_str_addf(out, " %14s", "unknown");
	else
		fl_str_addf(out, " %10.1f GiB", (double)bytes / 0x1p30);
}

/* Numbers of links mean little to most people: what they do to an all-reduce of
 * a middling model means more. */
static void add_example(const struct findings *p, struct fl_str *out)
{
	struct forecast_input in = { .ranks = p->machine_count };
	const struct findings_pair *slowest;

	if (!findings_ring(p, &in, &slowest))
		return;
	fl_str_addf(
		out,
		"\nan all-reduce of %.0f MB over these machines takes about "
		"%.0f ms; its slowest link is %s - %s",
		EXAMPLE_BYTES * 1e-6,
		1e3 * forecast_all_reduce(&in, EXAMPLE_BYTES),
		name_of(p, slowest->pair.a), name_of(p, slowest->pair.b));
}

/* Made by the machine of rank 0 and printed as it is on every other one. */
static void findings_table(const struct findings *p, struct fl_str *out)
{
	if (p->pair_count)
		fl_str_addf(out, "  %-18s %-18s %13s %9s %9s   %s", "machine a",
			    "machine b", "round trip", "a to b", "b to a",
			    "Gbit/s; clock of b minus a's");
	for (int i = 0; i < p->pair_count; i++)
		add_pair(p, &p->pairs[i], out);
	fl_str_addf(out, "%s  %-18s %14s %14s %14s", p->pair_count ? "\n" : "",
		    "machine", "disk (logs)", "/dev/shm", "open files");
	for (int i = 0; i < p->machine_count; i++) {
		const struct room *r = &p->machines[i].room;

		fl_str_addf(out, "\n  %-18s", p->machines[i].name);
		add_bytes(r->disk, out);
		add_bytes(r->shm, out);
		if (r->files < 0)
			fl_str_addf(out, " %14s", "no limit");
		else
			fl_str_addf(out, " %14lld", (long long)r->files);
	}
	add_example(p, out);
}

/* --- what needs care --- */

/* n counts them all, of which SHOWN were named. */
static void add_more(int n, const char *what, struct fl_str *out)
{
	if (n > SHOWN)
		fl_str_addf(out, "and %d more %s\n", n - SHOWN, what);
}

static int warn_failures(const struct findings *p, struct fl_str *out)
{
	int n = 0;

	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		if (x->measured || n++ >= SHOWN)
			continue;
		fl_str_addf(out,
			    "the link of %s and %s could not be measured: %s\n",
			    name_of(p, x->pair.a), name_of(p, x->pair.b),
			    x->error);
	}
	add_more(n, "links could not be measured", out);
	return n;
}

/* Of both directions of all links, in bits/s; 0: none was measured. */
static double fastest(const struct findings *p)
{
	double most = 0;

	for (int i = 0; i < p->pair_count; i++) {
		most = fmax(most, p->pairs[i].there);
		most = fmax(most, p->pairs[i].back);
	}
	return most;
}

/* How many have been warned of, this one included. A rate of 0 was not
 * measured. */
static int warn_rate(const struct findings *p, int from, int to, double rate,
		     double most, int n, struct fl_str *out)
{
	if (rate <= 0 || rate * SLOW_RATE >= most)
		return n;
	if (n < SHOWN)
		fl_str_addf(
			out,
			"the link from %s to %s carries %.3g Gbit/s, the fastest "
			"%.3g: every all-reduce waits for it; look at its cable, "
			"the speed of its port, and who else uses it\n",
			name_of(p, from), name_of(p, to), gbit(rate),
			gbit(most));
	return n + 1;
}

/* Each direction for itself: a bad cable or port may slow one of them. */
static int warn_rates(const struct findings *p, struct fl_str *out)
{
	double most = fastest(p);
	int n = 0;

	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		n = warn_rate(p, x->pair.a, x->pair.b, x->back, most, n, out);
		n = warn_rate(p, x->pair.b, x->pair.a, x->there, most, n, out);
	}
	add_more(n, "slow links", out);
	return n;
}

/* Measured against the median, for on a slow network all ways are long. */
static int warn_trips(const struct findings *p, struct fl_str *out)
{
	double *trips = fl_calloc((size_t)p->pair_count + 1, sizeof(*trips));
	double median;
	int n = 0;

	for (int i = 0; i < p->pair_count; i++)
		if (p->pairs[i].measured)
			trips[n++] = p->pairs[i].round_trip;
	median = estimate_median(trips, n);
	free(trips);
	n = 0;
	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		/* Ten times a tiny median is still nothing that a step would
		 * notice. */
		if (!x->measured || x->round_trip < SLOW_TRIP_S ||
		    x->round_trip < SLOW_TRIP * median || n++ >= SHOWN)
			continue;
		fl_str_addf(
			out,
			"a round trip between %s and %s takes %.1f ms, half of all links %.2f ms or less\n",
			name_of(p, x->pair.a), name_of(p, x->pair.b),
			x->round_trip * 1e3, median * 1e3);
	}
	add_more(n, "long ways", out);
	return n;
}

/* Only what the measurement is sure of: the offset less its error. */
static int warn_clocks(const struct findings *p, struct fl_str *out)
{
	int n = 0;

	for (int i = 0; i < p->pair_count; i++) {
		const struct findings_pair *x = &p->pairs[i];

		if (!x->measured ||
		    fabs(x->offset) - x->offset_error < CLOCK_S || n++ >= SHOWN)
			continue;
		fl_str_addf(
			out,
			"the clock of %s is %.1f s %s that of %s: the times in "
			"their logs do not fit together; let NTP set both\n",
			name_of(p, x->pair.b), fabs(x->offset),
			x->offset < 0 ? "ahead of" : "behind",
			name_of(p, x->pair.a));
	}
	add_more(n, "clocks that differ", out);
	return n;
}

/* Each ends with a line feed, by which write_warnings() tells them apart. */
int findings_warnings(const struct findings *p, struct fl_str *out)
{
	int n = warn_failures(p, out) + warn_rates(p, out) +
		warn_trips(p, out) + warn_clocks(p, out);

	for (int i = 0; i < p->machine_count; i++)
		n += room_judge(&p->machines[i].room, &p->machines[i].need,
				p->machines[i].name, p->log_dir, out);
	return n;
}

/* --- JSON --- */

/* A pair as the report has it: in units that people read, a before b. */
struct pair_told {
	const char *a, *b, *error;
	double round_trip_us, round_trip_least_us;
	double a_to_b, b_to_a; /* Gbit/s */
	double clock_ms, clock_error_ms;
};

/* Which keys a pair has: a reason, or numbers, with or without rates. */
enum {
	PAIR_FAILED = 1,
	PAIR_MEASURED = 2,
	PAIR_RATES = 4
};

static const struct field pair_rows[] = {
	FIELD(TEXT, struct pair_told, a, "a"),
	FIELD(TEXT, struct pair_told, b, "b"),
	FIELD(TEXT, struct pair_told, error, "error", .forms = PAIR_FAILED),
	FIELD(REAL, struct pair_told, round_trip_us, "round_trip_us",
	      .forms = PAIR_MEASURED),
	FIELD(REAL, struct pair_told, round_trip_least_us,
	      "round_trip_least_us", .forms = PAIR_MEASURED),
	FIELD(REAL, struct pair_told, a_to_b, "a_to_b_gbit_per_s",
	      .forms = PAIR_RATES),
	FIELD(REAL, struct pair_told, b_to_a, "b_to_a_gbit_per_s",
	      .forms = PAIR_RATES),
	FIELD(REAL, struct pair_told, clock_ms, "clock_b_minus_a_ms",
	      .forms = PAIR_MEASURED),
	FIELD(REAL, struct pair_told, clock_error_ms, "clock_error_ms",
	      .forms = PAIR_MEASURED),
};
static const struct record pair_record = RECORD(struct pair_told, pair_rows);

/* Its room, by the keys that READY has, and its name. */
struct machine_told {
	struct room room;
	const char *host;
};

static const struct field machine_rows[] = {
	FIELD(PART, struct machine_told, room, NULL, .of = &room_record),
	FIELD(TEXT, struct machine_told, host, "host"),
};
static const struct record machine_record =
	RECORD(struct machine_told, machine_rows);

static const struct field report_rows[] = {
	FIELD(TEXT, struct findings_report, summary, "summary"),
	FIELD(REAL, struct findings_report, seconds, "seconds"),
	FIELD(JSON, struct findings_report, warnings, "warnings"),
	FIELD(JSON, struct findings_report, pairs, "pairs", .of = &pair_record),
	FIELD(JSON, struct findings_report, machines, "machines",
	      .of = &machine_record),
	FIELD(TEXT, struct findings_report, table, "table"),
	FIELD(INT, struct findings_report, status, "status"),
};
const struct record findings_report_record =
	RECORD(struct findings_report, report_rows);

static struct json *write_pair(const struct findings *p,
			       const struct findings_pair *x)
{
	struct pair_told told = { .a = name_of(p, x->pair.a),
				  .b = name_of(p, x->pair.b),
				  .error = x->error,
				  .round_trip_us = x->round_trip * 1e6,
				  .round_trip_least_us =
					  x->round_trip_least * 1e6,
				  .a_to_b = gbit(x->back),
				  .b_to_a = gbit(x->there),
				  .clock_ms = -x->offset * 1e3,
				  .clock_error_ms = x->offset_error * 1e3 };
	unsigned forms = x->measured ? PAIR_MEASURED : PAIR_FAILED;

	if (has_rates(x))
		forms |= PAIR_RATES;
	return record_write(&pair_record, &told, forms);
}

/* A list of sentences, for whoever reads preflight.json by program. */
static struct json *write_warnings(const struct findings *p)
{
	struct json *list = json_new_array();
	struct fl_str text = FL_STR_INIT;

	findings_warnings(p, &text);
	for (char *line = text.data, *end; line && *line; line = end + 1) {
		end = strchr(line, '\n');
		*end = '\0';
		json_add(list, json_new_text(line));
	}
	fl_str_release(&text);
	return list;
}

struct json *findings_write(const struct findings *p, int status)
{
	struct json *pairs = json_new_array(), *machines = json_new_array();
	struct json *warnings = write_warnings(p), *o;
	struct fl_str summary = FL_STR_INIT, table = FL_STR_INIT;

	findings_summary(p, &summary);
	findings_table(p, &table);
	for (int i = 0; i < p->pair_count; i++)
		json_add(pairs, write_pair(p, &p->pairs[i]));
	for (int i = 0; i < p->machine_count; i++)
		json_add(machines, record_write(&machine_record,
						&(struct machine_told){
							p->machines[i].room,
							p->machines[i].name },
						0));
	o = record_write(
		&findings_report_record,
		&(struct findings_report){ .summary = fl_str_get(&summary),
					   .seconds = p->seconds,
					   .warnings = warnings,
					   .pairs = pairs,
					   .machines = machines,
					   .table = fl_str_get(&table),
					   .status = status },
		0);
	json_free(pairs);
	json_free(machines);
	json_free(warnings);
	fl_str_release(&summary);
	fl_str_release(&table);
	return o;
}

/* --- forecast --- */

/* What people would ask next: is it waited for? */
static const char *how_hidden(const struct forecast_input *in,
			      const struct forecast *forecast)
{
	if (forecast->kind == FORECAST_LIMIT)
		return "";
	if (forecast->kind == FORECAST_PARTLY)
		return ", a part of it longer than the backward pass";
	if (forecast->sums_s > SUMS_SHARE * in->compute_s)
		return ", of which the small sums are not hidden";
	return ", hidden behind the backward pass";
}

void findings_forecast(const struct findings *p,
		       const struct forecast_input *in,
		       const struct forecast *forecast, double step_s,
		       struct fl_str *out)
{
	/* Only for the name of the slowest link: the forecast has its numbers
	 * already. */
	struct forecast_input ring = *in;
	const struct findings_pair *slowest;

	if (forecast->kind == FORECAST_LIMIT)
		fl_str_add(out, "the network will be the limit: ");
	fl_str_addf(out, "the all-reduce of %.1f MB takes about %.0f ms",
		    in->gradient_bytes * 1e-6, forecast->all_reduce_s * 1e3);
	if (findings_ring(p, &ring, &slowest))
		fl_str_addf(out, " at %.3g Gbit/s (slowest link %s - %s)",
			    gbit(ring.rate), name_of(p, slowest->pair.a),
			    name_of(p, slowest->pair.b));
	if (in->sums)
		fl_str_addf(out, ", %d small sums %.1f ms", in->sums,
			    forecast->sums_s * 1e3);
	fl_str_addf(out, ", and a step computes %.0f ms: communication ",
		    in->compute_s * 1e3);
	/* "1250 %" would say less than "12.5 times that". */
	if (forecast->share < 2)
		fl_str_addf(out, "%.0f %%%s", forecast->share * 100,
			    how_hidden(in, forecast));
	else
		fl_str_addf(out, "%.3g times that", forecast->share);
	fl_str_addf(
		out,
		"; expected step %.0f ms, %.3g %% of the speed without a network",
		forecast->step_s * 1e3, forecast->efficiency * 100);
	if (step_s > 0)
		fl_str_addf(out, " (the first steps took %.0f ms)",
			    step_s * 1e3);
}

/* preflight.c - who measures which link when, and what everyone is told of it.
 *
 *   leader   preflight_turn: describe_machines, choose_pairs, then a round after
 *            another (begin_round, judge_round, cut_short), then finish
 *   others   MEASURE: hear_order; when it has ended MEASURED: report_own
 *   all      PREFLIGHT: show, and preflight.json
 *
 * Every round ends: a machine that does not report within its bound is named
 * and left out of further rounds. The bounds keep the start of a job quick: all
 * pairs of 8 machines take 7 rounds of a tenth of a second.
 */
#include "launch/watch/preflight.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/measure/measurer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ALL_PAIRS 8	  /* machines of which every pair is measured */
#define ALL_PAIRS_LONG 64 /* with --preflight; more: the ring and machine 0 */
#define QUICK_S 4.0 /* for all pairs beyond the ring, without --preflight */
#define ROUND_GRACE_S 1.0
#define ERROR_GRACE_S 0.5 /* for the other end of a link that failed */
#define TELL_MOST 64	  /* machines that all get all of the findings */

/* Round trips at most, seconds for them, for each stream, and for all of it.
 * Quick: the start of a job must not wait for it; thorough: somebody asked. */
static const struct measure_plan quick = { 16, 0.03, 0.05, 2 };
static const struct measure_plan thorough = { 200, 0.3, 0.5, 6 };

struct measure_order {
	int with, round; /* with: place in --ips */
	struct measure_plan plan;
};

static const struct field order_rows[] = {
	FIELD(INT, struct measure_order, with, "with", .absent = -1),
	FIELD(INT, struct measure_order, round, "round", .absent = -1),
	FIELD(PART, struct measure_order, plan, NULL,
	      .of = &measure_plan_record),
};
const struct record measure_order_record =
	RECORD(struct measure_order, order_rows);

static const struct field brief_rows[] = {
	FIELD(INT, struct findings_report, status, "status"),
	FIELD(TEXT, struct findings_report, summary, "summary"),
};
/* To more than 64 machines in place of the report. */
static const struct record findings_brief_record =
	RECORD(struct findings_report, brief_rows);

struct preflight {
	const struct attempt *a;
	struct findings found;
	struct measurer *measurer; /* NULL: this machine is alone, or rests */
	int round, rounds;	   /* -1: not begun */
	double began, round_at, busy_at;
	bool finished;
	struct json *report; /* as everyone got it */
	int status;
};

/* Does the job only look? */
static bool only_looks(const struct preflight *p)
{
	return p->a->options->preflight;
}

static struct measure_plan plan_of(const struct preflight *p,
				   const struct pair *pair)
{
	struct measure_plan plan = only_looks(p) ? thorough : quick;

	if (pair->latency_only)
		plan.stream_s = 0;
	return plan;
}

/* Alone there is no link to measure, but the room is looked at all the same. */
struct preflight *preflight_new(const struct attempt *a)
{
	const struct launch_plan *plan = a->plan;
	struct preflight *p = fl_calloc(1, sizeof(*p));

	p->a = a;
	p->round = -1;
	p->found.log_dir = a->options->log_dir;
	if (!plan->alone)
		p->measurer = measurer_new(&plan->hosts, plan->agent_port,
					   plan->token);
	return p;
}

void preflight_free(struct preflight *p)
{
	if (!p)
		return;
	measurer_free(p->measurer);
	free(p->found.machines);
	free(p->found.pairs);
	json_free(p->report);
	free(p);
}

void preflight_rest(struct preflight *p)
{
	if (!p)
		return;
	measurer_free(p->measurer);
	p->measurer = NULL;
}

int preflight_fds(const struct preflight *p, struct pollfd *fds)
{
	if (!p || !p->measurer)
		return 0;
	*fds = (struct pollfd){ measurer_fd(p->measurer), POLLIN, 0 };
	return 1;
}

/* So long as links are measured nobody is late for the start (prepare.c). */
double preflight_busy_at(const struct preflight *p)
{
	return p ? p->busy_at : 0;
}

bool preflight_was_all(const struct preflight *p)
{
	return p && p->report && only_looks(p) && !p->a->plan->trains;
}

int preflight_status(const struct preflight *p)
{
	return p && only_looks(p) ? p->status : 0;
}

const struct findings *preflight_found(const struct preflight *p)
{
	return &p->found;
}

/* --- this machine's part --- */

void preflight_stream(struct preflight *p, int host, int fd)
{
	if (p && p->measurer)
		measurer_stream(p->measurer, host, fd);
	else
		close(fd);
}

static void hear_order(struct preflight *p, const struct json *o)
{
	struct measure_order order;

	record_read(&measure_order_record, o, &order);
	if (!p->measurer || layout_find(p->a->layout, order.with) < 0 ||
	    order.with == p->a->plan->hosts.self)
		return;
	p->busy_at = fl_now_s(); /* the start comes later */
	/* Came by the wire: the measurer's arrays have this many. */
	if (order.plan.trips > MEASURE_TRIPS_MAX)
		order.plan.trips = MEASURE_TRIPS_MAX;
	measurer_begin(p->measurer, order.with, order.round, &order.plan);
}

static void hear_result(struct preflight *p, int seat, const struct json *o);

/* Whatever has ended is told to the leader. */
static void report_own(struct preflight *p)
{
	struct measured m;
	unsigned forms;
	struct json *o;

	if (!p->measurer || !measurer_turn(p->measurer, &m, &forms))
		return;
	o = record_write(&measured_record, &m, forms);
	if (!post_to_first(p->a->post, WIRE_MEASURED, o))
		hear_result(p, p->a->layout->self, o);
	json_free(o);
}

void preflight_member_turn(struct preflight *p)
{
	if (p && !post_leads(p->a->post))
		report_own(p);
}

/* --- the leader's --- */

/* What a machine has left was looked at when it got ready. */
static void describe_machines(struct preflight *p, const struct room *rooms)
{
	const struct layout *l = p->a->layout;
	struct findings *found = &p->found;

	found->machine_count = l->count;
	found->machines = fl_calloc((size_t)l->count, sizeof(*found->machines));
	for (int i = 0; i < l->count; i++)
		found->machines[i] = (struct findings_machine){
			.name = attempt_host(p->a, i),
			.room = rooms[i],
			.need = room_need_of(l->count, l->world,
					     l->list[i].count)
		};
}

/* Rounds are counted from 0 in the order in which they are measured. */
static void choose_pairs(struct preflight *p)
{
	int machines = p->a->layout->count;
	bool all = machines <= (only_looks(p) ? ALL_PAIRS_LONG : ALL_PAIRS);
	struct pair *list;
	int n = p->a->plan->alone ? 0 : pairs_make(machines, all, &list);

	p->found.pair_count = n;
	if (n == 0)
		return;
	p->found.pairs = fl_calloc((size_t)n, sizeof(*p->found.pairs));
	for (int i = 0; i < n; i++) {
		p->found.pairs[i].pair = list[i];
		if (list[i].round >= p->rounds)
			p->rounds = list[i].round + 1;
	}
	free(list);
}

/* Both ends of a pair are told, and the later one in --ips calls. */
static void order(struct preflight *p, int seat, int with,
		  const struct pair *pair)
{
	struct measure_order x = { .with = p->a->layout->list[with].host,
				   .round = pair->round,
				   .plan = plan_of(p, pair) };
	struct json *o = record_write(&measure_order_record, &x, 0);

	if (!post_to_seat(p->a->post, seat, WIRE_MEASURE, o))
		hear_order(p, o);
	json_free(o);
}

/* Its end is not waited for any more, and what one side may have told is
 * void. */
static void give_up_pair(struct findings_pair *x, const char *name,
			 const char *why)
{
	x->ended[0] = x->ended[1] = true;
	x->measured = false;
	snprintf(x->error, sizeof(x->error), "%s%s", name, why);
}

/* A machine that said nothing before is not asked again. */
static bool skip_mute(struct findings *found, struct findings_pair *x)
{
	const struct findings_machine *a = &found->machines[x->pair.a];
	const struct findings_machine *b = &found->machines[x->pair.b];

	if (a->mute || b->mute)
		give_up_pair(x, a->mute ? a->name : b->name,
			     " does not answer");
	return a->mute || b->mute;
}

/* Pairs whose machines do not answer end at once: a round of such pairs alone
 * is over in the next turn. */
static void begin_round(struct preflight *p)
{
	p->round++;
	p->round_at = p->busy_at = fl_now_s();
	for (int i = 0; i < p->found.pair_count; i++) {
		struct findings_pair *x = &p->found.pairs[i];

		if (x->pair.round != p->round || skip_mute(&p->found, x))
			continue;
		order(p, x->pair.a, x->pair.b, &x->pair);
		order(p, x->pair.b, x->pair.a, &x->pair);
	}
}

/* An error that the other end told before stays one. */
static void read_result(struct findings_pair *x, const struct measured *m)
{
	x->measured = !*x->error;
	x->round_trip = m->round_trip;
	x->round_trip_least = m->round_trip_least;
	x->offset = m->offset;
	x->offset_error = m->offset_error;
	x->there = m->there;
	x->back = m->back;
}

/* The first error is the cause: what the other end then says follows from
 * it. */
static void note_error(struct findings_pair *x, const char *name,
		       const char *error)
{
	if (!*x->error) {
		snprintf(x->error, sizeof(x->error), "%s: %.200s", name, error);
		x->error_at = fl_now_s();
	}
	x->measured = false;
}

/* Of a pair of this round the later machine asked, and has the numbers. */
static void hear_result(struct preflight *p, int seat, const struct json *o)
{
	struct measured m;
	int with;

	record_read(&measured_record, o, &m);
	with = layout_find(p->a->layout, m.with);
	for (int i = 0; !p->finished && i < p->found.pair_count; i++) {
		struct findings_pair *x = &p->found.pairs[i];
		bool asked = seat == x->pair.b;

		if (x->pair.round != m.round || x->pair.round != p->round ||
		    (asked ? x->pair.a : x->pair.b) != with ||
		    (!asked && seat != x->pair.a))
			continue;
		x->ended[asked] = true;
		if (*m.error)
			note_error(x, p->found.machines[seat].name, m.error);
		else if (asked)
			read_result(x, &m);
	}
}

static bool both_ended(const struct findings_pair *x)
{
	return x->ended[0] && x->ended[1];
}

/* One end's error ends a pair: the other may be waiting for a call that never
 * comes. */
static bool round_ended(const struct preflight *p)
{
	for (int i = 0; i < p->found.pair_count; i++) {
		const struct findings_pair *x = &p->found.pairs[i];

		if (x->pair.round == p->round && !both_ended(x) &&
		    (!*x->error || fl_now_s() - x->error_at < ERROR_GRACE_S))
			return false;
	}
	return true;
}

/* Whoever has not reported though its own time is over does not answer. */
static void judge_round(struct preflight *p, double limit)
{
	bool late = fl_now_s() - p->round_at > limit;

	for (int i = 0; i < p->found.pair_count; i++) {
		struct findings_pair *x = &p->found.pairs[i];
		struct findings_machine *a = &p->found.machines[x->pair.a];
		struct findings_machine *b = &p->found.machines[x->pair.b];

		if (x->pair.round != p->round || both_ended(x) || !late)
			continue;
		a->mute |= !x->ended[0];
		b->mute |= !x->ended[1];
		give_up_pair(x, a->mute ? a->name : b->name,
			     a->mute && b->mute
				     ? " does not answer, nor does the other"
				     : " does not answer");
	}
}

/* Beyond the ring there may be more rounds than a quick look has time for. */
static void cut_short(struct preflight *p)
{
	if (only_looks(p) || fl_now_s() - p->began < QUICK_S)
		return;
	for (int i = 0; i < p->found.pair_count; i++)
		if (p->found.pairs[i].pair.round > p->round)
			/* Their order is of no consequence: the table names
			 * them. */
			p->found.pairs[i--] =
				p->found.pairs[--p->found.pair_count];
	p->rounds = p->round + 1;
}

/* --- telling --- */

/* Every machine has it in its own log folder. */
static void save(const struct preflight *p)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (fl_join(path, sizeof(path), p->a->options->log_dir,
		    "preflight.json", &err) != 0 ||
	    json_write(p->report, path, &err) != 0)
		fl_warn("%s", err.text);
}

static void show_report(const struct preflight *p)
{
	struct findings_report r;

	record_read(&findings_report_record, p->report, &r);
	if (*r.summary)
		fl_info("%s", r.summary);
	if (only_looks(p) && *r.table)
		fl_info("what was found:\n%s", r.table);
	for (size_t i = 0; i < json_count(r.warnings); i++) {
		const char *line = "";

		json_text(json_at(r.warnings, i), &line);
		fl_warn("preflight: %s", line);
	}
	save(p);
}

/* The leader has made it itself. */
static void hear_report(struct preflight *p, const struct json *o)
{
	struct findings_report r;

	if (post_leads(p->a->post))
		return;
	record_read(&findings_report_record, o, &r);
	json_free(p->report);
	p->report = json_clone(o);
	p->status = r.status;
	show_report(p);
}

void preflight_heard(struct preflight *p, int seat, enum wire_type type,
		     const struct json *o)
{
	if (!p)
		return;
	if (type == WIRE_MEASURE)
		hear_order(p, o);
	else if (type == WIRE_MEASURED)
		hear_result(p, seat, o);
	else if (type == WIRE_PREFLIGHT)
		hear_report(p, o);
}

/* It comes minutes later, with the first steps: the file is written again. */
void preflight_add_forecast(struct preflight *p, const struct json *forecast)
{
	if (!p->report)
		return;
	json_set(p->report, "forecast", json_clone(forecast));
	save(p);
}

/* A report grows with the pairs: 64 machines are some 2000 of them, and every
 * machine would get them all from one. */
static void tell_report(const struct preflight *p)
{
	struct findings_report r;
	struct json *brief;

	if (p->a->layout->count <= TELL_MOST) {
		post_to_members(p->a->post, WIRE_PREFLIGHT, p->report);
		return;
	}
	record_read(&findings_report_record, p->report, &r);
	brief = record_write(&findings_brief_record, &r, 0);
	post_to_members(p->a->post, WIRE_PREFLIGHT, brief);
	json_free(brief);
}

/* Status 6 only matters to a job that looks and does no more
 * (preflight_status). */
static void finish(struct preflight *p)
{
	p->finished = true;
	p->found.seconds = fl_now_s() - p->began;
	p->status =
		findings_failures(&p->found) ? fl_exit_status(FL_ETIMEOUT) : 0;
	p->report = findings_write(&p->found, p->status);
	tell_report(p);
	show_report(p);
}

static void begin(struct preflight *p, const struct room *rooms)
{
	p->began = fl_now_s();
	describe_machines(p, rooms);
	choose_pairs(p);
	if (only_looks(p) && p->rounds > 0)
		fl_info("measuring %d link%s between %d machines",
			p->found.pair_count,
			p->found.pair_count == 1 ? "" : "s",
			p->a->layout->count);
	if (p->rounds > 0)
		begin_round(p);
	else
		finish(p);
}

bool preflight_turn(struct preflight *p, const struct room *rooms)
{
	double limit;

	if (!p || p->finished)
		return true;
	if (p->a->layout->attempt != 0 && !only_looks(p))
		return true; /* a restart does not wait for it */
	limit = plan_of(p, &(struct pair){ 0 }).limit_s;
	report_own(p);
	if (p->round < 0) {
		begin(p, rooms);
		return p->finished;
	}
	/* Both ends have the plan's limit; what is on its way after that gets a
	 * second. */
	if (!round_ended(p) && fl_now_s() - p->round_at < limit + ROUND_GRACE_S)
		return false;
	judge_round(p, limit);
	cut_short(p);
	if (p->round + 1 < p->rounds)
		begin_round(p);
	else
		finish(p);
	return p->finished;
}

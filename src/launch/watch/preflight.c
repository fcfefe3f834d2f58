/* preflight.c - between "all are ready" and the start: the coordinator lets
 * pairs of machines measure the link between them, round by round, and tells
 * everyone what was found; later, when trainers have told how long they compute
 * at a step, what the network will cost.
 *
 * Every round ends: a machine that does not report within its bound is named
 * and left out of further rounds. Nothing here ends a job; a machine that is
 * lost does, as ever.
 */
#include "launch/fleet/preflight_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"

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

static const struct measure_plan quick = { 16, 0.03, 0.05, 2 };
static const struct measure_plan thorough = { 200, 0.3, 0.5, 6 };

static struct measure_plan plan_of(const struct fleet *f,
				   const struct pair *pair)
{
	struct measure_plan p = f->options->preflight ? thorough : quick;

	if (pair->latency_only)
		p.stream_s = 0;
	return p;
}

static void end_run(struct preflight_run *r)
{
	if (!r)
		return;
	measurer_free(r->measurer);
	free(r->found.machines);
	free(r->found.pairs);
	free(r->told);
	json_free(r->report);
	free(r);
}

void preflight_end(struct fleet *f)
{
	end_run(f->preflight);
	f->preflight = NULL;
}

/* On every machine, when it is ready for an attempt. */
void preflight_begin(struct fleet *f)
{
	const struct hosts *h = &f->plan->hosts;
	struct preflight_run *r = fl_calloc(1, sizeof(*r));

	preflight_end(f);
	f->preflight = r;
	f->members[h->self].room = room_here(f->options->log_dir);
	r->round = -1;
	r->found.log_dir = f->options->log_dir;
	r->told = fl_calloc((size_t)f->layout.world, sizeof(bool));
	if (f->peers)
		r->measurer =
			measurer_new(h, f->plan->agent_port, fleet_token(f));
}

/* The trainers start: no thread of ours goes on beside them. */
void preflight_rest(struct fleet *f)
{
	if (!f->preflight)
		return;
	measurer_free(f->preflight->measurer);
	f->preflight->measurer = NULL;
}

int preflight_fds(const struct fleet *f, struct pollfd *fds)
{
	if (!f->preflight || !f->preflight->measurer)
		return 0;
	*fds = (struct pollfd){ measurer_fd(f->preflight->measurer), POLLIN,
				0 };
	return 1;
}

int preflight_status(const struct fleet *f)
{
	return f->preflight && f->options->preflight ? f->preflight->status : 0;
}

/* --- this machine's part --- */

void preflight_stream(struct fleet *f, int host, int fd)
{
	if (f->preflight && f->preflight->measurer)
		measurer_stream(f->preflight->measurer, host, fd);
	else
		close(fd);
}

void preflight_take_order(struct fleet *f, const struct json *o)
{
	struct measure_plan p = { (int)json_int_or(o, "round_trips", -1),
				  json_real_or(o, "round_trips_s", 0),
				  json_real_or(o, "stream_s", 0),
				  json_real_or(o, "limit_s", 0) };
	int with = (int)json_int_or(o, "with", -1);

	if (!f->preflight || !f->preflight->measurer ||
	    layout_find(&f->layout, with) < 0 || with == f->plan->hosts.self)
		return;
	f->since = fl_now_s(); /* the start comes later */
	p.trips = p.trips < MEASURE_TRIPS_MAX ? p.trips : MEASURE_TRIPS_MAX;
	measurer_begin(f->preflight->measurer, with,
		       (int)json_int_or(o, "round", -1), &p);
}

static void take_own(struct fleet *f, const struct json *o)
{
	preflight_take_result(f, f->layout.self, o);
}

/* Whatever has ended is told to the first machine. */
static void report_own(struct fleet *f)
{
	struct preflight_run *r = f->preflight;
	struct json *o = r->measurer ? measurer_turn(r->measurer) : NULL;

	if (o)
		fleet_to_first(f, WIRE_MEASURED, o, take_own);
}

/* --- the coordinator's --- */

static void describe_machines(struct fleet *f)
{
	struct preflight *p = &f->preflight->found;
	const struct layout *l = &f->layout;

	p->machine_count = l->count;
	p->machines = fl_calloc((size_t)l->count, sizeof(*p->machines));
	for (int i = 0; i < l->count; i++)
		p->machines[i] = (struct preflight_machine){
			.name = fleet_host(f, l->list[i].host),
			.room = f->members[l->list[i].host].room,
			.need = room_need_of(l->count, l->world,
					     l->list[i].count)
		};
}

static void choose_pairs(struct fleet *f)
{
	struct preflight_run *r = f->preflight;
	int machines = f->layout.count;
	bool all = machines <=
		   (f->options->preflight ? ALL_PAIRS_LONG : ALL_PAIRS);
	struct pair *list;
	int n = f->peers ? pairs_make(machines, all, &list) : 0;

	r->found.pair_count = n;
	if (n == 0)
		return;
	r->found.pairs = fl_calloc((size_t)n, sizeof(*r->found.pairs));
	for (int i = 0; i < n; i++) {
		r->found.pairs[i].pair = list[i];
		if (list[i].round >= r->rounds)
			r->rounds = list[i].round + 1;
	}
	free(list);
}

static void order(struct fleet *f, int seat, int with, const struct pair *pair)
{
	struct measure_plan p = plan_of(f, pair);
	struct json *o = json_new_object();

	json_set_int(o, "with", f->layout.list[with].host);
	json_set_int(o, "round", pair->round);
	json_set_int(o, "round_trips", p.trips);
	json_set_real(o, "round_trips_s", p.trips_s);
	json_set_real(o, "stream_s", p.stream_s);
	json_set_real(o, "limit_s", p.limit_s);
	if (seat == f->layout.self)
		preflight_take_order(f, o);
	else
		peers_send_json(f->peers, f->layout.list[seat].host,
				WIRE_MEASURE, (uint32_t)f->attempt, o);
	json_free(o);
}

static void give_up_pair(struct preflight_pair *x, const char *name,
			 const char *why)
{
	x->ended[0] = x->ended[1] = true;
	x->measured = false;
	snprintf(x->error, sizeof(x->error), "%s%s", name, why);
}

/* A machine that said nothing before is not asked again. */
static bool skip_mute(struct preflight *p, struct preflight_pair *x)
{
	const struct preflight_machine *a = &p->machines[x->pair.a];
	const struct preflight_machine *b = &p->machines[x->pair.b];

	if (a->mute || b->mute)
		give_up_pair(x, a->mute ? a->name : b->name,
			     " does not answer");
	return a->mute || b->mute;
}

static void begin_round(struct fleet *f)
{
	struct preflight_run *r = f->preflight;

	r->round++;
	r->round_at = f->since = fl_now_s();
	for (int i = 0; i < r->found.pair_count; i++) {
		struct preflight_pair *x = &r->found.pairs[i];

		if (x->pair.round != r->round || skip_mute(&r->found, x))
			continue;
		order(f, x->pair.a, x->pair.b, &x->pair);
		order(f, x->pair.b, x->pair.a, &x->pair);
	}
}

static void read_result(struct preflight_pair *x, const struct json *o)
{
	x->measured = !*x->error;
	x->round_trip = json_real_or(o, "round_trip_s", 0);
	x->round_trip_least = json_real_or(o, "round_trip_least_s", 0);
	x->offset = json_real_or(o, "offset_s", 0);
	x->offset_error = json_real_or(o, "offset_error_s", 0);
	x->there = json_real_or(o, "there_bits_per_s", 0);
	x->back = json_real_or(o, "back_bits_per_s", 0);
}

static void note_error(struct preflight_pair *x, const char *name,
		       const char *error)
{
	if (!*x->error) {
		snprintf(x->error, sizeof(x->error), "%s: %.200s", name, error);
		x->error_at = fl_now_s();
	}
	x->measured = false;
}

void preflight_take_result(struct fleet *f, int seat, const struct json *o)
{
	struct preflight_run *r = f->preflight;
	int with = layout_find(&f->layout, (int)json_int_or(o, "with", -1));
	const char *error = "";

	json_text(json_get(o, "error"), &error);
	for (int i = 0; r && !r->finished && i < r->found.pair_count; i++) {
		struct preflight_pair *x = &r->found.pairs[i];
		bool asked = seat == x->pair.b;

		if (x->pair.round != (int)json_int_or(o, "round", -1) ||
		    x->pair.round != r->round ||
		    (asked ? x->pair.a : x->pair.b) != with ||
		    (!asked && seat != x->pair.a))
			continue;
		x->ended[asked] = true;
		if (*error)
			note_error(x, r->found.machines[seat].name, error);
		else if (asked)
			read_result(x, o);
	}
}

static bool both_ended(const struct preflight_pair *x)
{
	return x->ended[0] && x->ended[1];
}

/* One end's error ends a pair: the other may be waiting for a call that never
 * comes. */
static bool round_ended(const struct preflight_run *r)
{
	for (int i = 0; i < r->found.pair_count; i++) {
		const struct preflight_pair *x = &r->found.pairs[i];

		if (x->pair.round == r->round && !both_ended(x) &&
		    (!*x->error || fl_now_s() - x->error_at < ERROR_GRACE_S))
			return false;
	}
	return true;
}

/* Whoever has not reported though its own time is over does not answer. */
static void judge_round(struct preflight_run *r, double limit)
{
	bool late = fl_now_s() - r->round_at > limit;

	for (int i = 0; i < r->found.pair_count; i++) {
		struct preflight_pair *x = &r->found.pairs[i];
		struct preflight_machine *a = &r->found.machines[x->pair.a];
		struct preflight_machine *b = &r->found.machines[x->pair.b];

		if (x->pair.round != r->round || both_ended(x) || !late)
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
static void cut_short(struct fleet *f)
{
	struct preflight_run *r = f->preflight;

	if (f->options->preflight || fl_now_s() - r->began < QUICK_S)
		return;
	for (int i = 0; i < r->found.pair_count; i++)
		if (r->found.pairs[i].pair.round > r->round)
			r->found.pairs[i--] =
				r->found.pairs[--r->found.pair_count];
	r->rounds = r->round + 1;
}

/* --- telling --- */

void preflight_save(const struct fleet *f)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (fl_join(path, sizeof(path), f->options->log_dir, "preflight.json",
		    &err) != 0 ||
	    json_write(f->preflight->report, path, &err) != 0)
		fl_warn("%s", err.text);
}

static void show(struct fleet *f)
{
	const struct json *o = f->preflight->report;
	const struct json *warnings = json_get(o, "warnings");

	if (*json_text_or(o, "summary", ""))
		fl_info("%s", json_text_or(o, "summary", ""));
	if (f->options->preflight && *json_text_or(o, "table", ""))
		fl_info("what was found:\n%s", json_text_or(o, "table", ""));
	for (size_t i = 0; i < json_count(warnings); i++) {
		const char *line = "";

		json_text(json_at(warnings, i), &line);
		fl_warn("preflight: %s", line);
	}
	preflight_save(f);
	/* Other programs than ours have nothing to add. */
	if (f->options->preflight && !f->plan->trains) {
		job_end(&f->job);
		fleet_over(f, f->preflight->status);
	}
}

void preflight_take_report(struct fleet *f, const struct json *o)
{
	struct preflight_run *r = f->preflight;
	int64_t status = 0;

	if (!r || fleet_leads(f))
		return;
	json_free(r->report);
	r->report = fleet_copy(o);
	json_int(json_get(o, "status"), &status);
	r->status = (int)status;
	show(f);
}

void preflight_tell(struct fleet *f, int type, const struct json *o)
{
	for (int i = 1; i < f->layout.count; i++)
		peers_send_json(f->peers, f->layout.list[i].host, type,
				(uint32_t)f->attempt, o);
}

static void finish(struct fleet *f)
{
	struct preflight_run *r = f->preflight;
	struct json *brief = json_new_object();

	r->finished = true;
	r->found.seconds = fl_now_s() - r->began;
	r->status = preflight_failures(&r->found) ? 6 : 0;
	r->report = preflight_write(&r->found);
	json_set_int(r->report, "status", r->status);
	json_set_int(brief, "status", r->status);
	json_set_text(brief, "summary", json_text_or(r->report, "summary", ""));
	preflight_tell(f, WIRE_PREFLIGHT,
		       f->layout.count <= TELL_MOST ? r->report : brief);
	json_free(brief);
	show(f);
}

bool preflight_turn(struct fleet *f)
{
	struct preflight_run *r = f->preflight;
	double limit = plan_of(f, &(struct pair){ 0 }).limit_s;

	if (!r || r->finished)
		return true;
	if (f->attempt != 0 && !f->options->preflight)
		return true; /* a restart does not wait for it */
	report_own(f);
	if (r->round < 0) {
		r->began = fl_now_s();
		describe_machines(f);
		choose_pairs(f);
		if (f->options->preflight && r->rounds > 0)
			fl_info("measuring %d link%s between %d machines",
				r->found.pair_count,
				r->found.pair_count == 1 ? "" : "s",
				f->layout.count);
		if (r->rounds > 0)
			begin_round(f);
		else
			finish(f);
		return r->finished;
	}
	if (!round_ended(r) && fl_now_s() - r->round_at < limit + ROUND_GRACE_S)
		return false;
	judge_round(r, limit);
	cut_short(f);
	if (r->round + 1 < r->rounds)
		begin_round(f);
	else
		finish(f);
	return r->finished;
}

void preflight_member_turn(struct fleet *f)
{
	if (f->preflight && !fleet_leads(f))
		report_own(f);
}

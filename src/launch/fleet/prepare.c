/* prepare.c - from "everyone is here" to a start that has succeeded.
 *
 * The coordinator says who takes part and which checkpoint they go on from;
 * each machine gets that checkpoint if it lacks it, registers the attempt and
 * answers READY; when all have, and links are measured, the coordinator says
 * START. A start has succeeded with the first step; a program that counts none
 * has run for ten seconds by then, or to its end.
 */
#include "launch/fleet/prepare.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "launch/fleet/state.h"
#include "launch/fleet/verdict.h"
#include "launch/job/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREPARE_S 60.0 /* without a checkpoint to pass on */
#define FOREIGN_S 10.0 /* of a program that counts no steps */

enum {
	PREPARE_RESUMES = 1
};

static const struct field order_rows[] = {
	FIELD(TEXT, struct prepare_order, job, "job"),
	FIELD(INT, struct prepare_order, restarts, "restarts"),
	FIELD(INT, struct prepare_order, ranks, "ranks"),
	FIELD(JSON, struct prepare_order, members, "members",
	      .of = &layout_seat_record),
	FIELD(PART, struct prepare_order, resume.name, NULL,
	      .forms = PREPARE_RESUMES, .of = &copy_name_record),
	FIELD(INT, struct prepare_order, resume.from, "from", .absent = -1,
	      .forms = PREPARE_RESUMES),
};
const struct record prepare_order_record =
	RECORD(struct prepare_order, order_rows);

/* The newest checkpoint that anyone holds, and a machine that holds it. */
static struct resume choose_checkpoint(const struct fleet *f, const bool *who)
{
	struct resume best = { .from = -1 };

	for (int i = 0; i < f->plan->hosts.count; i++) {
		const struct told *t = &f->members[i].told;
		const struct copy_name *n = i == f->plan->hosts.self
						    ? copies_newest(f->copies)
						    : &t->newest;

		if (who[i] && n->step > best.name.step &&
		    strcmp(t->job, f->name) == 0)
			best = (struct resume){ *n, i };
	}
	return best;
}

/* The highest of all counts: an attempt's number must never come twice. */
static void take_over(struct fleet *f, const struct told *m)
{
	snprintf(f->name, sizeof(f->name), "%s", m->job);
	if (m->attempt > f->attempt)
		f->attempt = m->attempt;
	if (m->restarts > f->restarts)
		f->restarts = m->restarts;
	if (m->ranks > 0)
		f->ranks = m->ranks;
}

/* The job's name and count of attempts, from whoever lived through it: an agent
 * that was started anew only remembers. When all were killed, and remember the
 * same job, that one goes on; else a new one begins. */
static void recall(struct fleet *f, const bool *who)
{
	struct told *own = &f->members[f->plan->hosts.self].told;
	const struct told *past = NULL;
	bool living = false, same = true;

	if (f->attempt >= 0) {
		snprintf(own->job, sizeof(own->job), "%s", f->name);
		own->past = false;
		own->attempt = f->attempt;
		own->restarts = f->restarts;
		own->ranks = f->ranks;
	}
	for (int i = 0; i < f->plan->hosts.count; i++) {
		const struct told *m = &f->members[i].told;

		if (!who[i] || !*m->job)
			continue;
		if (!m->past) {
			living = true;
			take_over(f, m);
		} else {
			same &= !past || strcmp(past->job, m->job) == 0;
			past = m;
		}
	}
	if (living)
		return;
	if (past && same) {
		fl_info("going on with the job that was interrupted here");
		for (int i = 0; i < f->plan->hosts.count; i++)
			if (who[i] && *f->members[i].told.job)
				take_over(f, &f->members[i].told);
	} else {
		unsigned char bytes[8];

		fl_random_bytes(bytes, sizeof(bytes));
		fl_digest_to_hex(bytes, sizeof(bytes), f->name);
	}
}

static struct json *write_member(const struct fleet *f, int host)
{
	const struct member *m = &f->members[host];
	struct layout_seat seat = { .host = host, .count = m->count };

	memcpy(seat.devices, m->devices, sizeof(seat.devices));
	return record_write(&layout_seat_record, &seat, 0);
}

/* Sent before it is taken here: taking it enters a state, which is told, and the
 * others must know the attempt by then. */
void prepare_begin(struct fleet *f, const bool *who)
{
	struct json *members = json_new_array(), *o;
	struct prepare_order order;

	recall(f, who);
	for (int i = 0; i < f->plan->hosts.count; i++)
		if (who[i])
			json_add(members, write_member(f, i));
	order = (struct prepare_order){ .job = f->name,
					.restarts = f->restarts,
					.ranks = f->ranks,
					.members = members,
					.resume = choose_checkpoint(f, who) };
	o = record_write(&prepare_order_record, &order,
			 order.resume.from >= 0 ? PREPARE_RESUMES : 0);
	for (int i = 0; i < f->plan->hosts.count; i++) {
		f->members[i].ready = false;
		if (who[i])
			peers_send_json(f->peers, i, WIRE_PREPARE,
					(uint32_t)(f->attempt + 1), o);
	}
	prepare_take(f, o, f->attempt + 1);
	json_free(members);
	json_free(o);
}

/* A machine that is not named sits this attempt out: layout.self stays -1. */
static void read_members(struct fleet *f, const struct json *list)
{
	layout_release(&f->layout);
	f->layout.self = -1;
	for (size_t i = 0; i < json_count(list); i++) {
		struct layout_seat seat;

		record_read(&layout_seat_record, json_at(list, i), &seat);
		if (seat.host < 0 || seat.host >= f->plan->hosts.count ||
		    seat.count < 1)
			continue;
		if (seat.host == f->plan->hosts.self)
			f->layout.self = f->layout.count;
		layout_add(&f->layout, seat.host, seat.devices, seat.count);
	}
}

void prepare_take(struct fleet *f, const struct json *o, int attempt)
{
	struct layout *l = &f->layout;
	struct prepare_order order;

	if (f->state != FLEET_WAIT || attempt <= f->attempt)
		return;
	record_read(&prepare_order_record, o, &order);
	read_members(f, order.members);
	if (l->self < 0)
		return;
	snprintf(f->name, sizeof(f->name), "%s", order.job);
	snprintf(l->job, sizeof(l->job), "%s", order.job);
	f->attempt = l->attempt = attempt;
	f->restarts = l->restarts = order.restarts;
	f->ranks = l->ranks = order.ranks > 0 ? order.ranks : l->world;
	f->resume = order.resume;
	copy_name_settle(&f->resume.name);
	if (f->resume.from < 0 || f->resume.from >= f->plan->hosts.count)
		f->resume.name = (struct copy_name){ 0 };
	verdict_forget(f);
	copies_name(f->copies, f->name);
	fleet_enter(f, FLEET_PREPARE);
}

/* This machine cannot take part. */
static void report_failure(struct fleet *f, const struct fl_err *err)
{
	verdict_report(f, fault_of_machine("agent", hosts_own(&f->plan->hosts),
					   err->text, (enum fl_code)err->code));
}

static void become_ready(struct fleet *f)
{
	struct member *own = &f->members[f->plan->hosts.self];
	struct fl_err err = FL_ERR_INIT;
	struct json *room;

	if (f->resume.name.step > 0) {
		copies_path(f->copies, &f->resume.name, f->layout.resume,
			    sizeof(f->layout.resume));
		fl_info("going on from the checkpoint of step %lld",
			(long long)f->resume.name.step);
	}
	if (job_begin(&f->job, &f->layout, &err) != 0) {
		report_failure(f, &err);
		return;
	}
	fences_begin(&f->fences, &f->layout);
	preflight_free(f->now.preflight);
	f->now.preflight = preflight_new(&f->now);
	own->room = room_here(f->options->log_dir);
	own->ready = true;
	fleet_enter(f, FLEET_READY);
	room = record_write(&room_record, &own->room, 0);
	post_to_first(&f->post, WIRE_READY, room);
	json_free(room);
}

static const struct member *member_at(const struct fleet *f, int seat)
{
	return &f->members[f->layout.list[seat].host];
}

static bool all_ready(const struct fleet *f)
{
	for (int i = 0; i < f->layout.count; i++)
		if (!member_at(f, i)->ready)
			return false;
	return true;
}

/* Long enough for the checkpoint, as long as it comes; a link that is being
 * measured is no delay. */
static void judge_delay(struct fleet *f)
{
	double busy_at = preflight_busy_at(f->now.preflight);
	double since = f->state == FLEET_READY && busy_at > f->since ? busy_at
								     : f->since;
	struct fl_str text = FL_STR_INIT;
	double limit = f->options->rejoin_timeout > PREPARE_S
			       ? f->options->rejoin_timeout
			       : PREPARE_S;

	if (fl_now_s() - since < limit)
		return;
	fl_str_addf(&text, "did not get ready within %g s:", limit);
	for (int i = 0; i < f->layout.count; i++)
		if (!member_at(f, i)->ready)
			fl_str_addf(&text, " %s",
				    fleet_host(f, f->layout.list[i].host));
	verdict_report(f,
		       fault_of_machine("machine", hosts_own(&f->plan->hosts),
					fl_str_get(&text), FL_ETIMEOUT));
	fl_str_release(&text);
}

void prepare_looked(struct fleet *f)
{
	if (f->over || !preflight_was_all(f->now.preflight))
		return;
	job_end(&f->job);
	fleet_over(f, preflight_status(f->now.preflight));
}

/* The coordinator's, once all are ready. */
static void lead_start(struct fleet *f)
{
	struct room rooms[HOSTS_MAX]; /* as they came with READY */
	bool looked;

	for (int i = 0; i < f->layout.count; i++)
		rooms[i] = member_at(f, i)->room;
	looked = preflight_turn(f->now.preflight, rooms);
	prepare_looked(f);
	if (!looked || f->over)
		return;
	post_to_members(&f->post, WIRE_START, NULL);
	prepare_start(f);
}

void prepare_turn(struct fleet *f)
{
	const struct copy_name *name = &f->resume.name;

	if (f->state == FLEET_PREPARE &&
	    (name->step == 0 || copies_have(f->copies, name))) {
		become_ready(f);
		return;
	}
	if (f->state == FLEET_PREPARE) /* once more, if it did not arrive */
		copies_fetch(f->copies, f->peers, f->resume.from, name);
	if (f->state == FLEET_READY && post_leads(&f->post) && all_ready(f)) {
		lead_start(f);
	} else {
		preflight_member_turn(f->now.preflight);
		judge_delay(f);
	}
}

void prepare_start(struct fleet *f)
{
	struct fl_err err = FL_ERR_INIT;
	const struct layout *l = &f->layout;

	if (f->peers)
		fl_info("all %d machines are here: %d trainers, ranks %d to %d on this one",
			l->count, l->world, layout_own(l)->first,
			layout_own(l)->first + layout_own(l)->count - 1);
	preflight_rest(f->now.preflight);
	watches_begin(&f->watches, &f->now);
	verdict_begin(f);
	fleet_enter(f, FLEET_RUN);
	if (job_start(&f->job, &err) != 0)
		report_failure(f, &err);
}

/* Only now does what earlier jobs left give way. */
void prepare_begun(struct fleet *f)
{
	bool done = f->job.working == 0 ||
		    (!f->plan->trains && fl_now_s() - f->since > FOREIGN_S);

	for (int i = 0; i < f->job.started && !done; i++)
		done = atomic_load(&f->job.trainers[i].status->steps) > 0;
	if (!done)
		return;
	f->begun = true;
	place_forget(f->options->log_dir);
	copies_begin(f->copies);
	fleet_tell_state(f);
}

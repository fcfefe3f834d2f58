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

/* The keys of a checkpoint are there only where one is gone on from. */
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

/* The newest checkpoint that anyone holds, and a machine that holds it. One of
 * another job, which a machine may still remember, is none of ours. */
static struct resume choose_checkpoint(const struct fleet *fleet,
				       const bool *who)
{
	struct resume best = { .from = -1 };

	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		const struct told *t = &fleet->members[i].told;
		const struct copy_name *n =
			i == fleet->plan->hosts.self
				? copies_newest(fleet->copies)
				: &t->newest;

		if (who[i] && n->step > best.name.step &&
		    strcmp(t->job, fleet->name) == 0)
			best = (struct resume){ *n, i };
	}
	return best;
}

/* The highest of all counts: an attempt's number must never come twice. */
static void adopt(struct fleet *fleet, const struct told *m)
{
	snprintf(fleet->name, sizeof(fleet->name), "%s", m->job);
	if (m->attempt > fleet->attempt)
		fleet->attempt = m->attempt;
	if (m->restarts > fleet->restarts)
		fleet->restarts = m->restarts;
	if (m->ranks > 0)
		fleet->ranks = m->ranks;
}

/* The job's name and count of attempts, from whoever lived through it: an agent
 * that was started anew only remembers. When all were killed, and remember the
 * same job, that one goes on; else a new one begins. */
static void recall(struct fleet *fleet, const bool *who)
{
	struct told *own = &fleet->members[fleet->plan->hosts.self].told;
	const struct told *past = NULL;
	bool living = false, same = true;

	if (fleet->attempt >= 0) {
		snprintf(own->job, sizeof(own->job), "%s", fleet->name);
		own->past = false;
		own->attempt = fleet->attempt;
		own->restarts = fleet->restarts;
		own->ranks = fleet->ranks;
	}
	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		const struct told *m = &fleet->members[i].told;

		if (!who[i] || !*m->job)
			continue;
		if (!m->past) {
			living = true;
			adopt(fleet, m);
		} else {
			same &= !past || strcmp(past->job, m->job) == 0;
			past = m;
		}
	}
	if (living)
		return;
	if (past && same) {
		fl_info("going on with the job that was interrupted here");
		for (int i = 0; i < fleet->plan->hosts.count; i++)
			if (who[i] && *fleet->members[i].told.job)
				adopt(fleet, &fleet->members[i].told);
	} else {
		unsigned char bytes[8];

		fl_random_bytes(bytes, sizeof(bytes));
		fl_digest_to_hex(bytes, sizeof(bytes), fleet->name);
	}
}

/* A seat as layout.h has it; ranks follow from the order of seats. */
static struct json *write_member(const struct fleet *fleet, int host)
{
	const struct member *m = &fleet->members[host];
	struct layout_seat seat = { .host = host, .count = m->count };

	memcpy(seat.devices, m->devices, sizeof(seat.devices));
	return record_write(&layout_seat_record, &seat, 0);
}

/* Sent before it is taken here: taking it enters a state, which is told, and the
 * others must know the attempt by then. */
void prepare_begin(struct fleet *fleet, const bool *who)
{
	struct json *members = json_new_array(), *o;
	struct prepare_order order;

	recall(fleet, who);
	for (int i = 0; i < fleet->plan->hosts.count; i++)
		if (who[i])
			json_add(members, write_member(fleet, i));
	order = (struct prepare_order){ .job = fleet->name,
					.restarts = fleet->restarts,
					.ranks = fleet->ranks,
					.members = members,
					.resume =
						choose_checkpoint(fleet, who) };
	o = record_write(&prepare_order_record, &order,
			 order.resume.from >= 0 ? PREPARE_RESUMES : 0);
	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		fleet->members[i].ready = false;
		if (who[i])
			peers_send_json(fleet->peers, i, WIRE_PREPARE,
					(uint32_t)(fleet->attempt + 1), o);
	}
	prepare_heard(fleet, o, fleet->attempt + 1);
	json_free(members);
	json_free(o);
}

/* A machine that is not named sits this attempt out: layout.self stays -1. */
static void read_members(struct fleet *fleet, const struct json *list)
{
	layout_release(&fleet->layout);
	fleet->layout.self = -1;
	for (size_t i = 0; i < json_count(list); i++) {
		struct layout_seat seat;

		record_read(&layout_seat_record, json_at(list, i), &seat);
		/* Each machine sits once: what is kept for every seat has room
		 * for so many. */
		if (seat.host < 0 || seat.host >= fleet->plan->hosts.count ||
		    seat.count < 1 ||
		    layout_find(&fleet->layout, seat.host) >= 0)
			continue;
		if (seat.host == fleet->plan->hosts.self)
			fleet->layout.self = fleet->layout.count;
		layout_add(&fleet->layout, seat.host, seat.devices, seat.count);
	}
}

/* Only the next attempt is prepared for, and only by who waits: an older order
 * is late. Whoever is not among the members goes on waiting. */
void prepare_heard(struct fleet *fleet, const struct json *o, int attempt)
{
	struct layout *l = &fleet->layout;
	struct prepare_order order;

	if (fleet->state != FLEET_WAIT || attempt <= fleet->attempt)
		return;
	record_read(&prepare_order_record, o, &order);
	read_members(fleet, order.members);
	if (l->self < 0)
		return;
	snprintf(fleet->name, sizeof(fleet->name), "%s", order.job);
	snprintf(l->job, sizeof(l->job), "%s", order.job);
	fleet->attempt = l->attempt = attempt;
	fleet->restarts = l->restarts = order.restarts;
	fleet->ranks = l->ranks = order.ranks > 0 ? order.ranks : l->world;
	fleet->resume = order.resume;
	copy_name_settle(&fleet->resume.name);
	/* Came by the wire: without a machine to ask there is no checkpoint to
	 * wait for. */
	if (fleet->resume.from < 0 ||
	    fleet->resume.from >= fleet->plan->hosts.count)
		fleet->resume.name = (struct copy_name){ 0 };
	verdict_forget(fleet);
	copies_name(fleet->copies, fleet->name);
	fleet_enter(fleet, FLEET_PREPARE);
}

/* This machine cannot take part. */
static void report_failure(struct fleet *fleet, const struct fl_err *err)
{
	verdict_report(fleet,
		       fault_of_machine("agent", hosts_own(&fleet->plan->hosts),
					err->text, (enum fl_code)err->code));
}

/* The checkpoint is here. What the attempt needs is set up before READY is
 * told, so that START has nothing left to do but to start. */
static void become_ready(struct fleet *fleet)
{
	struct member *own = &fleet->members[fleet->plan->hosts.self];
	struct fl_err err = FL_ERR_INIT;
	struct json *room;

	if (fleet->resume.name.step > 0) {
		copies_path(fleet->copies, &fleet->resume.name,
			    fleet->layout.resume, sizeof(fleet->layout.resume));
		fl_info("going on from the checkpoint of step %lld",
			(long long)fleet->resume.name.step);
	}
	if (job_begin(&fleet->job, &fleet->layout, &err) != 0) {
		report_failure(fleet, &err);
		return;
	}
	fences_begin(&fleet->fences, &fleet->layout);
	preflight_free(fleet->now.preflight);
	fleet->now.preflight = preflight_new(&fleet->now);
	own->room = room_here(fleet->options->log_dir);
	own->ready = true;
	fleet_enter(fleet, FLEET_READY);
	room = record_write(&room_record, &own->room, 0);
	/* On the coordinator itself nothing is sent: own->ready says it. */
	post_to_first(&fleet->post, WIRE_READY, room);
	json_free(room);
}

static const struct member *member_at(const struct fleet *fleet, int seat)
{
	return &fleet->members[fleet->layout.list[seat].host];
}

static bool all_ready(const struct fleet *fleet)
{
	for (int i = 0; i < fleet->layout.count; i++)
		if (!member_at(fleet, i)->ready)
			return false;
	return true;
}

/* Long enough for the checkpoint, as long as it comes; a link that is being
 * measured is no delay. */
static void judge_delay(struct fleet *fleet)
{
	double busy_at = preflight_busy_at(fleet->now.preflight);
	double since = fleet->state == FLEET_READY && busy_at > fleet->since
			       ? busy_at
			       : fleet->since;
	struct fl_str text = FL_STR_INIT;
	double limit = fleet->options->rejoin_timeout > PREPARE_S
			       ? fleet->options->rejoin_timeout
			       : PREPARE_S;

	if (fl_now_s() - since < limit)
		return;
	fl_str_addf(&text, "did not get ready within %g s:", limit);
	for (int i = 0; i < fleet->layout.count; i++)
		if (!member_at(fleet, i)->ready)
			fl_str_addf(
				&text, " %s",
				fleet_host(fleet, fleet->layout.list[i].host));
	verdict_report(fleet, fault_of_machine("machine",
					       hosts_own(&fleet->plan->hosts),
					       fl_str_get(&text), FL_ETIMEOUT));
	fl_str_release(&text);
}

void prepare_looked(struct fleet *fleet)
{
	if (fleet->over || !preflight_was_all(fleet->now.preflight))
		return;
	job_end(&fleet->job);
	fleet_over(fleet, preflight_status(fleet->now.preflight));
}

/* The coordinator's, once all are ready. */
static void lead_start(struct fleet *fleet)
{
	struct room rooms[HOSTS_MAX]; /* as they came with READY */
	bool looked;

	for (int i = 0; i < fleet->layout.count; i++)
		rooms[i] = member_at(fleet, i)->room;
	looked = preflight_turn(fleet->now.preflight, rooms);
	prepare_looked(fleet);
	if (!looked || fleet->over)
		return;
	post_to_members(&fleet->post, WIRE_START, NULL);
	prepare_start(fleet);
}

/* Each turn does one thing: get the checkpoint, or be ready, or (on the
 * coordinator) measure and start. All of it is bounded by judge_delay(). */
void prepare_turn(struct fleet *fleet)
{
	const struct copy_name *name = &fleet->resume.name;

	if (fleet->state == FLEET_PREPARE &&
	    (name->step == 0 || copies_have(fleet->copies, name))) {
		become_ready(fleet);
		return;
	}
	if (fleet->state == FLEET_PREPARE) /* once more, if it did not arrive */
		copies_fetch(fleet->copies, fleet->peers, fleet->resume.from,
			     name);
	if (fleet->state == FLEET_READY && post_leads(&fleet->post) &&
	    all_ready(fleet)) {
		lead_start(fleet);
	} else {
		preflight_member_turn(fleet->now.preflight);
		judge_delay(fleet);
	}
}

/* Watches before trainers: the first line of a trainer finds them. In RUN
 * before the start, so that a failure of it is a fault like any other. */
void prepare_start(struct fleet *fleet)
{
	struct fl_err err = FL_ERR_INIT;
	const struct layout *l = &fleet->layout;

	if (fleet->peers)
		fl_info("all %d machines are here: %d trainers, ranks %d to %d on this one",
			l->count, l->world, layout_own(l)->first,
			layout_own(l)->first + layout_own(l)->count - 1);
	preflight_rest(fleet->now.preflight);
	watches_begin(&fleet->watches, &fleet->now);
	verdict_begin(fleet);
	fleet_enter(fleet, FLEET_RUN);
	if (job_start(&fleet->job, &err) != 0)
		report_failure(fleet, &err);
}

/* Only now does what earlier jobs left give way. */
void prepare_begun(struct fleet *fleet)
{
	bool done =
		fleet->job.working == 0 ||
		(!fleet->plan->trains && fl_now_s() - fleet->since > FOREIGN_S);

	for (int i = 0; i < fleet->job.started && !done; i++)
		done = atomic_load(&fleet->job.trainers[i].status->steps) > 0;
	if (!done)
		return;
	fleet->begun = true;
	place_forget(fleet->options->log_dir);
	copies_begin(fleet->copies);
	fleet_tell_state(fleet);
}

/* prepare.c - from "everyone is here" to the start of the trainers.
 *
 * The coordinator says who takes part and which checkpoint they go on from;
 * each machine gets that checkpoint if it lacks it, registers the attempt and
 * answers READY; when all have, the coordinator says START.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREPARE_S 60.0 /* without a checkpoint to pass on */

/* The newest checkpoint that anyone holds, and a machine that holds it. */
static void choose_checkpoint(const struct fleet *f, const bool *who,
			      struct json *o)
{
	struct copy_name best = { 0 };
	int from = -1;

	for (int i = 0; i < f->plan->hosts.count; i++) {
		const struct copy_name *n = i == f->plan->hosts.self
						    ? copies_newest(f->copies)
						    : &f->members[i].newest;

		if (!who[i] || n->step <= best.step ||
		    strcmp(f->members[i].job, f->name) != 0)
			continue;
		best = *n;
		from = i;
	}
	if (from < 0)
		return;
	copy_name_write(&best, o);
	json_set_int(o, "from", from);
}

static void take_over(struct fleet *f, const struct member *m)
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
	struct member *own = &f->members[f->plan->hosts.self];
	const struct member *past = NULL;
	bool living = false, same = true;

	if (f->attempt >= 0) {
		snprintf(own->job, sizeof(own->job), "%s", f->name);
		own->past = false;
		own->attempt = f->attempt;
		own->restarts = f->restarts;
		own->ranks = f->ranks;
	}
	for (int i = 0; i < f->plan->hosts.count; i++) {
		const struct member *m = &f->members[i];

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
			if (who[i] && *f->members[i].job)
				take_over(f, &f->members[i]);
	} else {
		unsigned char bytes[8];

		fl_random_bytes(bytes, sizeof(bytes));
		fl_digest_to_hex(bytes, sizeof(bytes), f->name);
	}
}

static struct json *describe_member(const struct fleet *f, int host)
{
	const struct member *m = &f->members[host];
	struct json *o = json_new_object(), *devices = json_new_array();

	for (int i = 0; i < m->count; i++)
		json_add(devices, json_new_int(m->devices[i]));
	json_set_int(o, "host", host);
	json_set(o, "devices", devices);
	return o;
}

void prepare_begin(struct fleet *f, const bool *who)
{
	struct json *o = json_new_object(), *members = json_new_array();

	recall(f, who);
	for (int i = 0; i < f->plan->hosts.count; i++)
		if (who[i])
			json_add(members, describe_member(f, i));
	json_set_text(o, "job", f->name);
	json_set_int(o, "restarts", f->restarts);
	json_set_int(o, "ranks", f->ranks);
	json_set(o, "members", members);
	choose_checkpoint(f, who, o);
	for (int i = 0; i < f->plan->hosts.count; i++) {
		f->members[i].ready = false;
		if (who[i])
			peers_send_json(f->peers, i, WIRE_PREPARE,
					(uint32_t)(f->attempt + 1), o);
	}
	prepare_take(f, o, f->attempt + 1);
	json_free(o);
}

static void read_members(struct fleet *f, const struct json *list)
{
	layout_release(&f->layout);
	f->layout.self = -1;
	for (size_t i = 0; i < json_count(list); i++) {
		const struct json *o = json_at(list, i);
		const struct json *d = json_get(o, "devices");
		int devices[LAUNCH_MAX_TRAINERS] = { 0 };
		size_t n = json_count(d);
		int64_t host = json_int_or(o, "host", -1), v;

		if (host < 0 || host >= f->plan->hosts.count || n < 1 ||
		    n > LAUNCH_MAX_TRAINERS)
			continue;
		for (size_t k = 0; k < n; k++)
			if (json_int(json_at(d, k), &v))
				devices[k] = (int)v;
		if (host == f->plan->hosts.self)
			f->layout.self = f->layout.count;
		layout_add(&f->layout, (int)host, devices, (int)n);
	}
}

static void forget_faults(struct fleet *f)
{
	for (int i = 0; i < f->fault_count; i++)
		json_free(f->faults[i].report);
	f->fault_count = 0;
	json_free(f->where);
	json_free(f->verdict);
	f->where = f->verdict = NULL;
	f->restarting = false;
}

void prepare_take(struct fleet *f, const struct json *o, int attempt)
{
	const char *name = json_text_or(o, "job", "");
	int restarts = (int)json_int_or(o, "restarts", 0);
	int64_t from = json_int_or(o, "from", -1);
	int ranks = (int)json_int_or(o, "ranks", 0);

	if (f->state != FLEET_WAIT || attempt <= f->attempt)
		return;
	read_members(f, json_get(o, "members"));
	if (f->layout.self < 0)
		return;
	snprintf(f->name, sizeof(f->name), "%s", name);
	snprintf(f->layout.job, sizeof(f->layout.job), "%s", name);
	f->attempt = f->layout.attempt = attempt;
	f->restarts = f->layout.restarts = restarts;
	f->ranks = f->layout.ranks = ranks > 0 ? ranks : f->layout.world;
	f->resume = (struct copy_name){ 0 };
	if (from >= 0 && from < f->plan->hosts.count)
		copy_name_read(o, &f->resume);
	f->resume_from = (int)from;
	forget_faults(f);
	copies_name(f->copies, f->name);
	fleet_enter(f, FLEET_PREPARE);
}

static void failed(struct fleet *f, const struct fl_err *err)
{
	verdict_report(f,
		       fault_of_machine("agent", launch_host(f->plan),
					err->text, fl_exit_status(err->code)));
}

static void become_ready(struct fleet *f)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *room;

	if (f->resume.step > 0) {
		copies_path(f->copies, &f->resume, f->layout.resume,
			    sizeof(f->layout.resume));
		fl_info("going on from the checkpoint of step %lld",
			(long long)f->resume.step);
	}
	if (job_begin(&f->job, &f->layout, &err) != 0) {
		failed(f, &err);
		return;
	}
	fences_begin(&f->fences, &f->layout);
	preflight_begin(f);
	f->members[f->plan->hosts.self].ready = true;
	fleet_enter(f, FLEET_READY);
	room = room_write(&f->members[f->plan->hosts.self].room);
	peers_send_json(f->peers, f->layout.list[0].host, WIRE_READY,
			(uint32_t)f->attempt, room);
	json_free(room);
}

static bool all_ready(const struct fleet *f)
{
	for (int i = 0; i < f->layout.count; i++)
		if (!f->members[f->layout.list[i].host].ready)
			return false;
	return true;
}

/* Long enough for the checkpoint, as long as it comes. */
static void judge_delay(struct fleet *f)
{
	struct fl_str text = FL_STR_INIT;
	double limit = f->options->rejoin_timeout > PREPARE_S
			       ? f->options->rejoin_timeout
			       : PREPARE_S;

	if (fl_now_s() - f->since < limit)
		return;
	fl_str_addf(&text, "did not get ready within %g s:", limit);
	for (int i = 0; i < f->layout.count; i++)
		if (!f->members[f->layout.list[i].host].ready)
			fl_str_addf(&text, " %s",
				    fleet_host(f, f->layout.list[i].host));
	verdict_report(f, fault_of_machine("machine", launch_host(f->plan),
					   fl_str_get(&text), 6));
	fl_str_release(&text);
}

void prepare_turn(struct fleet *f)
{
	if (f->state == FLEET_PREPARE &&
	    (f->resume.step == 0 || copies_have(f->copies, &f->resume))) {
		become_ready(f);
		return;
	}
	if (f->state == FLEET_PREPARE) /* once more, if it did not arrive */
		copies_fetch(f->copies, f->peers, f->resume_from, &f->resume);
	if (f->state == FLEET_READY && fleet_leads(f) && all_ready(f)) {
		if (!preflight_turn(f) || f->over)
			return;
		for (int i = 1; i < f->layout.count; i++)
			peers_send(f->peers, f->layout.list[i].host, WIRE_START,
				   (uint32_t)f->attempt, NULL, 0);
		prepare_start(f);
	} else {
		preflight_member_turn(f);
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
	preflight_rest(f);
	agree_begin(f);
	stall_begin(f);
	stopped_begin(f);
	verdict_begin(f);
	ledger_begin(f);
	fleet_enter(f, FLEET_RUN);
	if (job_start(&f->job, &err) != 0)
		failed(f, &err);
}

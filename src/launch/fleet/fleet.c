/* fleet.c - the loop of the agent, and what it does with what it hears. */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/job/place.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 50
#define SERVER_GRACE_S 5.0 /* for a server, after the last worker */

const char *fleet_host(const struct fleet *f, int host)
{
	return f->plan->hosts.list[host].name;
}

const char *fleet_token(const struct fleet *f)
{
	const char *token = f->options->token ? f->options->token
					      : getenv("FLOTILLA_TOKEN");

	return token ? token : "";
}

bool fleet_leads(const struct fleet *f)
{
	return f->layout.list[0].host == f->plan->hosts.self;
}

void fleet_to_first(struct fleet *f, int type, struct json *o,
		    void (*take)(struct fleet *f, const struct json *o))
{
	if (fleet_leads(f))
		take(f, o);
	else
		peers_send_json(f->peers, f->layout.list[0].host, type,
				(uint32_t)f->attempt, o);
	json_free(o);
}

struct json *fleet_copy(const struct json *o)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str text = FL_STR_INIT;
	struct json *copy;

	json_print(o, 0, &text);
	copy = json_parse(fl_str_get(&text), text.len, "copy", &err);
	fl_str_release(&text);
	return copy;
}

void fleet_tell_state(struct fleet *f)
{
	struct json *o = member_state(f);
	char path[4096];
	struct fl_err err = FL_ERR_INIT;

	peers_tell(f->peers, WIRE_STATE, (uint32_t)f->attempt, o);
	if (f->peers && f->attempt >= 0 && (f->begun || !f->spares)) {
		place_fleet_file(f->options->log_dir, f->plan->hosts.self, path,
				 sizeof(path));
		json_set_text(o, "line", f->plan->line);
		if (json_write(o, path, &err) != 0)
			fl_warn("%s", err.text);
	}
	json_free(o);
}

void fleet_enter(struct fleet *f, enum fleet_state state)
{
	f->state = state;
	f->since = fl_now_s();
	f->told_at = 0;
	f->told_here = -1;
	f->tell_every = 5;
	fleet_tell_state(f);
}

void fleet_over(struct fleet *f, int code)
{
	f->over = true;
	f->code = code;
	fleet_tell_state(f);
}

bool fleet_decides(const struct fleet *f)
{
	for (int i = 0; i < f->layout.count; i++) {
		int host = f->layout.list[i].host;

		if (host == f->plan->hosts.self)
			return true;
		if (peers_here(f->peers, host))
			return false;
	}
	return true;
}

/* --- what the trainers do --- */

static void on_fault(void *ctx, struct trainer *t, const char *why, int code)
{
	struct fleet *f = ctx;
	struct json *report;

	/* What falls after our signal to end is a consequence, unless somebody
	 * else killed it, or it was dead by then. */
	if (f->user_signal || f->over ||
	    (f->state == FLEET_STOP && !t->by_itself &&
	     !job_not_ours(&f->job, t)))
		return;
	report = fault_of_trainer(f->plan, &f->layout, t, why, code);
	if (!stop_holds(f, report))
		verdict_report(f, report);
}

static void on_ending(void *ctx, const struct trainer *t)
{
	struct fleet *f = ctx;
	struct json *o;

	if (f->state != FLEET_RUN && f->state != FLEET_STOP)
		return;
	o = json_new_object();
	json_set_int(o, "rank", t->rank);
	fleet_to_first(f, WIRE_ENDING, o, verdict_ending);
}

static void on_line(void *ctx, struct trainer *t, const struct json *o)
{
	struct fleet *f = ctx;
	const char *event = json_text_or(o, "event", ""), *path = "";
	int64_t step = 0;

	if (strcmp(event, "digest") == 0 && f->state == FLEET_RUN)
		agree_local(f, t, o);
	if (f->state == FLEET_RUN)
		pace_local(f, t, o);
	if (strcmp(event, "checkpoint") == 0 &&
	    json_int(json_get(o, "step"), &step) &&
	    json_text(json_get(o, "path"), &path))
		copies_add(f->copies, step, path);
}

/* Output of a trainer of this machine, whole lines: to this console and to
 * those of the machines that follow all ranks. */
static void on_lines(void *ctx, const struct trainer *t, const char *text,
		     size_t n)
{
	struct fleet *f = ctx;
	struct json *o = NULL;

	for (int i = 0; i < f->plan->hosts.count; i++) {
		if (!f->members[i].follows || !peers_here(f->peers, i))
			continue;
		if (!o)
			o = follow_pack(t->rank, text, n);
		peers_send_json(f->peers, i, WIRE_LOG, (uint32_t)f->attempt, o);
	}
	json_free(o);
	follow_add(f->follow, launch_host(f->plan), t->rank, text, n);
}

/* Once for each function: a program may try for ever. */
static void on_unserved(void *ctx, int rank, const char *what)
{
	struct fleet *f = ctx;
	char name[32];

	if (strstr(fl_str_get(&f->unserved), what))
		return;
	fl_str_addf(&f->unserved, "%s;", what);
	launch_rank_name(f->plan, rank, name, sizeof(name));
	fl_warn("%s calls %s: fleetrun offers MPI's ranks no published names, "
		"connections, spawned programs or sessions; mpirun of the "
		"program's own MPI does",
		name, what);
}

static void on_pause(void *ctx)
{
	pause_here(ctx);
}

/* --- what the other machines say --- */

/* Whom an agent sees decides who can start: all, or after a loss those who see
 * each other. So that is told when it is complete, and at each change later. */
static bool sees_all(const struct fleet *f)
{
	for (int i = 0; i < f->plan->hosts.count; i++)
		if (i != f->plan->hosts.self && !peers_here(f->peers, i))
			return false;
	return true;
}

static void on_joined(void *ctx, int host, const struct json *intro)
{
	struct fleet *f = ctx;
	struct json *o;

	member_take_intro(f, host, intro);
	if (!peers_here(f->peers, host) || f->over)
		return;
	o = member_state(f);
	peers_send_json(f->peers, host, WIRE_STATE, (uint32_t)f->attempt, o);
	json_free(o);
	if (f->state == FLEET_WAIT && (f->attempt >= 0 || sees_all(f)))
		fleet_tell_state(f);
}

static bool takes_part(const struct fleet *f, int host)
{
	return f->state != FLEET_WAIT && layout_find(&f->layout, host) >= 0;
}

static void on_left(void *ctx, int host, const char *why)
{
	struct fleet *f = ctx;
	struct member *m = &f->members[host];
	/* Servers serve others until all are done. */
	bool done = m->told && m->state == FLEET_DONE &&
		    (!f->plan->roles || m->over);
	char end[400];

	/* A look at the links ends on each machine when it was told. */
	if (f->options->preflight && m->told && m->over)
		return;
	m->told = false;
	m->since = fl_now_s();
	copies_left(f->copies, host);
	pause_left(f, host);
	if (f->state == FLEET_WAIT && f->attempt >= 0 && !f->over)
		fleet_tell_state(f);
	if (!takes_part(f, host) || f->over || f->user_signal || f->verdict)
		return;
	if (done && (f->state == FLEET_DONE || f->state == FLEET_RUN)) {
		m->state = FLEET_DONE; /* it has nothing more to give */
		m->told = true;
		return;
	}
	snprintf(
		end, sizeof(end),
		"is lost: %.200s; its agent was killed, or the machine went down or is cut off",
		why);
	verdict_report(
		f, fault_of_machine("machine", fleet_host(f, host), end, 5));
}

static void on_silence(void *ctx, int host, double seconds, bool silent)
{
	struct fleet *f = ctx;

	if (silent)
		fl_warn("%s has been silent for %.1f s; it counts as lost after %g s",
			fleet_host(f, host), seconds, f->options->peer_timeout);
	else if (peers_here(f->peers, host))
		fl_info("%s is heard again", fleet_host(f, host));
}

static void on_stream(void *ctx, int host, int fd)
{
	preflight_stream(ctx, host, fd);
}

/* Of the preflight, from a machine that takes part in this attempt. */
static void take_measure(struct fleet *f, int host, int type,
			 const struct json *o)
{
	if (f->state == FLEET_READY && type == WIRE_MEASURE)
		preflight_take_order(f, o);
	else if (f->state == FLEET_READY && type == WIRE_MEASURED)
		preflight_take_result(f, layout_find(&f->layout, host), o);
	else if (f->state == FLEET_READY && type == WIRE_PREFLIGHT)
		preflight_take_report(f, o);
	else if (type == WIRE_PACE)
		pace_take(f, o);
	else if (type == WIRE_FORECAST)
		pace_take_forecast(f, o);
}

/* Frames of JSON. Those of another attempt are late. */
static void take_json(struct fleet *f, int host, int type, int attempt,
		      struct json *o)
{
	bool now = attempt == f->attempt;

	switch (type) {
	case WIRE_READY:
		f->members[host].room = room_read(o);
		f->members[host].ready |= now;
		break;
	case WIRE_STATE:
		member_take_state(f, host, o);
		break;
	case WIRE_PREPARE:
		prepare_take(f, o, attempt);
		break;
	case WIRE_FAULT:
		if (now && takes_part(f, host))
			verdict_fault(f, fleet_copy(o));
		break;
	case WIRE_ENDING:
		if (now)
			verdict_ending_there(f, o);
		break;
	case WIRE_WHERE:
		if (now)
			verdict_where(f, o);
		break;
	case WIRE_VERDICT:
		verdict_take(f, fleet_copy(o), attempt);
		break;
	case WIRE_STALL:
		if (now && f->state == FLEET_RUN &&
		    layout_find(&f->layout, host) >= 0)
			stall_take(f, layout_find(&f->layout, host), o);
		break;
	case WIRE_STOPPED:
		if (now && f->state == FLEET_RUN)
			stopped_take(f, o);
		break;
	case WIRE_LEDGER:
		if (now && f->state == FLEET_RUN)
			ledger_take(f, o);
		break;
	case WIRE_LOG:
		follow_take(f->follow, fleet_host(f, host), o);
		break;
	case WIRE_DIGEST:
		if (now && f->state == FLEET_RUN)
			agree_take(f, o);
		break;
	case WIRE_MEASURE:
	case WIRE_MEASURED:
	case WIRE_PREFLIGHT:
	case WIRE_PACE:
	case WIRE_FORECAST:
		if (now && layout_find(&f->layout, host) >= 0)
			take_measure(f, host, type, o);
		break;
	case WIRE_PAUSE:
		pause_take(f, host, o);
		break;
	case WIRE_STOP:
		stop_take(f, o);
		break;
	case WIRE_GET:
		copies_take_get(f->copies, host, o);
		break;
	default:
		break; /* of a newer agent */
	}
}

static void on_frame(void *ctx, int host, const struct wire_frame *frame)
{
	struct fleet *f = ctx;
	struct fl_err err = FL_ERR_INIT;
	bool now = (int)frame->attempt == f->attempt;
	int seat = layout_find(&f->layout, host);
	struct json *o;

	switch (frame->type) {
	case WIRE_FENCE:
		if (now && seat >= 0 && f->state != FLEET_WAIT)
			fences_take(&f->fences, seat, frame);
		return;
	case WIRE_START:
		if (now && f->state == FLEET_READY)
			prepare_start(f);
		return;
	case WIRE_GO:
		if (now && f->state == FLEET_RUN)
			agree_go(f);
		return;
	case WIRE_CHUNK:
		copies_take_chunk(f->copies, host, frame);
		return;
	default:
		break;
	}
	o = json_parse((const char *)frame->data, frame->size, "a frame", &err);
	if (o)
		take_json(f, host, frame->type, (int)frame->attempt, o);
	else
		fl_warn("%s sent what cannot be read: %s", fleet_host(f, host),
			err.text);
	json_free(o);
}

/* --- the loop --- */

static bool all_done(const struct fleet *f)
{
	for (int i = 0; i < f->layout.count; i++) {
		int host = f->layout.list[i].host;

		if (host != f->plan->hosts.self &&
		    f->members[host].state != FLEET_DONE)
			return false;
	}
	return true;
}

/* From the machine before this one, so that no link carries it twice. */
static void pass_on(struct fleet *f)
{
	const struct layout *l = &f->layout;
	int before = l->list[(l->self + l->count - 1) % l->count].host;
	const struct copy_name *theirs = &f->members[before].newest;

	if (l->count > 1 && theirs->step > copies_coming(f->copies))
		copies_fetch(f->copies, f->peers, before, theirs);
}

static void run_turn(struct fleet *f)
{
	pass_on(f);
	if (!f->begun && !f->options->preflight)
		begin_turn(f);
	if (f->state == FLEET_RUN && !f->job.paused) {
		stall_turn(f);
		stopped_turn(f);
		ledger_turn(f);
	}
	if (f->state == FLEET_RUN && f->job.working == 0)
		fleet_enter(f, FLEET_DONE);
	if (f->state != FLEET_DONE || !all_done(f))
		return;
	if (f->job.alive == 0) {
		job_end(&f->job);
		fleet_over(f, preflight_status(f));
	} else if (!f->job.dismissed) {
		fl_info("all workers are done: ending %d server%s",
			f->job.alive, f->job.alive == 1 ? "" : "s");
		job_dismiss(&f->job, SERVER_GRACE_S);
	}
}

static void turn(struct fleet *f)
{
	if (f->user_signal) {
		if (f->job.alive == 0) {
			job_end(&f->job);
			fleet_over(f, 128 + f->user_signal);
		}
		return;
	}
	stop_turn(f);
	switch (f->state) {
	case FLEET_WAIT:
		rollcall_turn(f);
		break;
	case FLEET_PREPARE:
	case FLEET_READY:
		prepare_turn(f);
		break;
	case FLEET_RUN:
	case FLEET_DONE:
		run_turn(f);
		break;
	case FLEET_STOP:
		verdict_turn(f);
		break;
	}
}

static void loop(struct fleet *f)
{
	int most = 1 + JOB_MOST_FDS + (f->peers ? peers_most_fds(f->peers) : 0);
	struct pollfd *fds = fl_calloc((size_t)most, sizeof(*fds));
	bool more = false, news;

	while (!f->over) {
		int n = job_fds(&f->job, fds);

		if (f->peers)
			n += peers_fds(f->peers, fds + n);
		n += preflight_fds(f, fds + n);
		poll(fds, (nfds_t)n, more ? 0 : TICK_MS);
		job_turn(&f->job);
		peers_turn(f->peers);
		fences_turn(&f->fences, f->peers, f->job.pmi);
		more = copies_turn(f->copies, f->peers, &news);
		if (news)
			fleet_tell_state(f);
		turn(f);
		follow_turn(f->follow);
	}
	free(fds);
}

static int open_peers(struct fleet *f, struct fl_err *err)
{
	struct peers_config c = { .hosts = &f->plan->hosts,
				  .port = f->plan->agent_port,
				  .token = fleet_token(f),
				  .intro = f->intro,
				  .silent_s = 2,
				  .lost_s = f->options->peer_timeout,
				  .ctx = f,
				  .joined = on_joined,
				  .left = on_left,
				  .frame = on_frame,
				  .silence = on_silence,
				  .stream = on_stream };

	return f->plan->alone ? 0 : peers_open(&c, &f->peers, err);
}

static int open_fleet(struct fleet *f, struct fl_err *err)
{
	struct job_events events = { f,		  on_fault,	  on_ending,
				     on_line,	  stop_by_signal, on_pause,
				     on_unserved, on_lines };
	struct member *own;
	int count = f->plan->hosts.count;
	int rc = job_open(&f->job, f->options, f->plan, &events, err);

	f->members = fl_calloc((size_t)count, sizeof(*f->members));
	for (int i = 0; i < count; i++)
		f->members[i].since = fl_now_s();
	own = &f->members[f->plan->hosts.self];
	own->told = true;
	own->count = f->plan->count;
	memcpy(own->devices, f->plan->devices, sizeof(own->devices));
	f->copies = copies_new(f->options->log_dir, f->plan->hosts.self, count);
	f->intro = member_intro(f->options, f->plan);
	f->follow = f->options->follow ? follow_new(f->plan) : NULL;
	own->attempt = -1;
	if (!f->plan->alone)
		member_remember(f);
	if (rc == 0)
		rc = open_peers(f, err);
	return rc;
}

static void close_fleet(struct fleet *f)
{
	peers_close(f->peers);
	fences_end(&f->fences);
	agree_end(f);
	stall_end(f);
	stopped_end(f);
	preflight_end(f);
	ledger_end(f);
	follow_free(f->follow);
	job_close(&f->job);
	copies_free(f->copies, f->code != 0 || !f->begun);
	layout_release(&f->layout);
	for (int i = 0; i < f->fault_count; i++)
		json_free(f->faults[i].report);
	fl_str_release(&f->unserved);
	free(f->ending);
	json_free(f->held);
	json_free(f->where);
	json_free(f->verdict);
	json_free(f->intro);
	free(f->members);
}

int launch_run(const struct launch_options *options,
	       const struct launch_plan *plan)
{
	struct fleet f = { .options = options, .plan = plan, .attempt = -1 };
	struct fl_err err = FL_ERR_INIT;

	if (open_fleet(&f, &err) == 0) {
		fleet_enter(&f, FLEET_WAIT);
		loop(&f);
	} else {
		fl_error("%s", err.text);
		f.code = fl_exit_status(err.code);
	}
	close_fleet(&f);
	return f.code;
}

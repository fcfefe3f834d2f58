/* fleet.c - the loop of the agent: a poll, then everyone's turn.
 *
 * cmd/fleetrun.c calls launch_run(). What happens comes in by callbacks of the
 * job (trainers, signals) and of the peers (machines, frames) and is handed to
 * the file that it concerns; what takes time goes on in turn(), by the state.
 * The loop looks every 50 ms, which is what a person and a scheduler's grace
 * period do not notice, and costs a thousandth of a core.
 */
#include "launch/fleet/fleet.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "launch/fleet/frames.h"
#include "launch/fleet/intro.h"
#include "launch/fleet/prepare.h"
#include "launch/fleet/rollcall.h"
#include "launch/fleet/state.h"
#include "launch/fleet/user.h"
#include "launch/fleet/verdict.h"
#include "launch/plan/roles.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TICK_MS 50
#define SERVER_GRACE_S 5.0 /* for a server, after the last worker */

/* --- what the trainers do --- */

static void on_fault(void *ctx, struct trainer *t, const char *why, int status)
{
	struct fleet *f = ctx;
	struct json *report;

	/* What falls after our signal to end is a consequence, unless somebody
	 * else killed it, or it was dead by then. */
	if (f->request.signal || f->over ||
	    (f->state == FLEET_STOP && !t->by_itself &&
	     !job_not_ours(&f->job, t)))
		return;
	report = fault_of_trainer(f->plan, &f->layout, t, why, status);
	if (!stop_holds(f, report))
		verdict_report(f, report);
}

static void on_ending(void *ctx, const struct trainer *t)
{
	struct fleet *f = ctx;

	if (f->state == FLEET_RUN || f->state == FLEET_STOP)
		verdict_ending(f, t->rank);
}

static void on_said(void *ctx, struct trainer *t, enum agent_event event,
		    const struct json *line)
{
	struct fleet *f = ctx;
	struct agent_checkpoint c;

	if (f->state == FLEET_RUN)
		watches_said(&f->watches, t, event, line);
	if (event != AGENT_CHECKPOINT)
		return;
	record_read(&agent_checkpoint_record, line, &c);
	if (*c.path)
		copies_add(f->copies, c.step, c.path);
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
	follow_add(f->follow, hosts_own(&f->plan->hosts), t->rank, text, n);
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

static void on_signal(void *ctx, int number)
{
	stop_by_signal(ctx, number);
}

static void on_pause(void *ctx)
{
	pause_here(ctx);
}

/* A watch has found what ends the attempt. */
static void on_watch_fault(void *ctx, struct json *report)
{
	verdict_report(ctx, report);
}

/* --- what the other machines do --- */

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

	intro_take(f, host, intro);
	if (!peers_here(f->peers, host) || f->over)
		return;
	fleet_tell_state_to(f, host);
	if (f->state == FLEET_WAIT && (f->attempt >= 0 || sees_all(f)))
		fleet_tell_state(f);
}

/* It has given all that others need of it: servers serve until all are done. */
static bool is_done(const struct fleet *f, const struct member *m)
{
	return m->heard && m->told.state == FLEET_DONE &&
	       (!f->plan->roles || m->told.over) &&
	       (f->state == FLEET_DONE || f->state == FLEET_RUN);
}

/* Why it is gone nobody can know from here: the sentence names what it may be. */
static void report_lost(struct fleet *f, int host, const char *why)
{
	char end[400];

	snprintf(
		end, sizeof(end),
		"is lost: %.200s; its agent was killed, or the machine went down or is cut off",
		why);
	verdict_report(f, fault_of_machine("machine", fleet_host(f, host), end,
					   FL_EPEER));
}

static void on_left(void *ctx, int host, const char *why)
{
	struct fleet *f = ctx;
	struct member *m = &f->members[host];
	bool done = is_done(f, m);

	/* A look at the links ends on each machine when it was told. */
	if (f->options->preflight && m->heard && m->told.over)
		return;
	m->heard = false;
	m->since = fl_now_s();
	copies_left(f->copies, host);
	pause_left(f, host);
	if (f->state == FLEET_WAIT && f->attempt >= 0 && !f->over)
		fleet_tell_state(f);
	if (f->state == FLEET_WAIT || layout_find(&f->layout, host) < 0 ||
	    f->over || f->request.signal || f->faults.verdict)
		return;
	if (done)
		m->heard = true; /* and still DONE */
	else
		report_lost(f, host, why);
}

static void on_frame(void *ctx, int host, const struct wire_frame *frame)
{
	frames_take(ctx, host, frame);
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
	struct fleet *f = ctx;

	preflight_stream(f->now.preflight, host, fd);
}

/* --- the loop --- */

/* Alone at once: there is nobody else in the layout. */
static bool all_done(const struct fleet *f)
{
	for (int i = 0; i < f->layout.count; i++) {
		int host = f->layout.list[i].host;

		if (host != f->plan->hosts.self &&
		    f->members[host].told.state != FLEET_DONE)
			return false;
	}
	return true;
}

/* From the machine before this one, so that no link carries it twice. */
static void pass_on(struct fleet *f)
{
	const struct layout *l = &f->layout;
	int before = l->list[(l->self + l->count - 1) % l->count].host;
	const struct copy_name *theirs = &f->members[before].told.newest;

	if (l->count > 1 && theirs->step > copies_coming(f->copies))
		copies_fetch(f->copies, f->peers, before, theirs);
}

static void end_servers(struct fleet *f)
{
	if (f->job.dismissed)
		return;
	fl_info("all workers are done: ending %d server%s", f->job.alive,
		f->job.alive == 1 ? "" : "s");
	job_dismiss(&f->job, SERVER_GRACE_S);
}

static void run_turn(struct fleet *f)
{
	pass_on(f);
	if (!f->begun && !f->options->preflight)
		prepare_begun(f);
	if (f->state == FLEET_RUN && !f->job.paused)
		watches_turn(&f->watches);
	if (f->state == FLEET_RUN && f->job.working == 0)
		fleet_enter(f, FLEET_DONE);
	if (f->state != FLEET_DONE || !all_done(f))
		return;
	if (f->job.alive == 0) {
		job_end(&f->job);
		fleet_over(f, preflight_status(f->now.preflight));
	} else {
		end_servers(f);
	}
}

/* The user wants an end: nothing else is looked at any more. */
static void request_turn(struct fleet *f)
{
	if (f->job.alive > 0)
		return;
	job_end(&f->job);
	fleet_over(f, 128 + f->request.signal);
}

static void turn(struct fleet *f)
{
	if (f->request.signal) {
		request_turn(f);
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
		n += preflight_fds(f->now.preflight, fds + n);
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

/* --- opening and closing --- */

static int open_peers(struct fleet *f, struct fl_err *err)
{
	struct peers_config c = { .hosts = &f->plan->hosts,
				  .port = f->plan->agent_port,
				  .token = f->plan->token,
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

static void open_members(struct fleet *f)
{
	int count = f->plan->hosts.count;
	struct member *own;

	f->members = fl_calloc((size_t)count, sizeof(*f->members));
	for (int i = 0; i < count; i++)
		f->members[i].since = fl_now_s();
	own = &f->members[f->plan->hosts.self];
	own->heard = true;
	own->told.attempt = -1;
	own->count = f->plan->count;
	memcpy(own->devices, f->plan->devices, sizeof(own->devices));
}

static int open_fleet(struct fleet *f, struct fl_err *err)
{
	struct job_events events = { .ctx = f,
				     .fault = on_fault,
				     .ending = on_ending,
				     .said = on_said,
				     .user = on_signal,
				     .pause = on_pause,
				     .unserved = on_unserved,
				     .lines = on_lines };
	int rc = job_open(&f->job, f->options, f->plan, &events, err);

	open_members(f);
	fleet_open_post(f);
	f->now = (struct attempt){ .options = f->options,
				   .plan = f->plan,
				   .layout = &f->layout,
				   .job = &f->job,
				   .post = &f->post,
				   .ctx = f,
				   .fault = on_watch_fault };
	f->copies = copies_new(f->options->log_dir, f->plan->hosts.self,
			       f->plan->hosts.count);
	f->intro = intro_write(f->options, f->plan);
	f->follow = f->options->follow ? follow_new(f->plan) : NULL;
	if (!f->plan->alone)
		fleet_remember(f);
	if (rc == 0)
		rc = open_peers(f, err);
	return rc;
}

static void close_fleet(struct fleet *f)
{
	peers_close(f->peers);
	fences_end(&f->fences);
	watches_end(&f->watches);
	preflight_free(f->now.preflight);
	follow_free(f->follow);
	job_close(&f->job);
	copies_free(f->copies, f->code != 0 || !f->begun);
	layout_release(&f->layout);
	verdict_forget(f);
	free(f->faults.ending);
	fl_str_release(&f->unserved);
	json_free(f->request.held);
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

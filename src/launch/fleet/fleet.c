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
#include "launch/fleet/refuse.h"
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
	struct fleet *fleet = ctx;
	struct json *report;

	/* What falls after our signal to end is a consequence, unless somebody
	 * else killed it, or it was dead by then. */
	if (fleet->request.signal || fleet->over ||
	    (fleet->state == FLEET_STOP && !t->by_itself &&
	     !job_not_ours(&fleet->job, t)))
		return;
	report = fault_of_trainer(fleet->plan, &fleet->layout, t, why, status);
	if (!stop_holds(fleet, report))
		verdict_report(fleet, report);
}

/* Only then does the order matter: in STOP others may have begun before the
 * fault that was heard of first. */
static void on_ending(void *ctx, const struct trainer *t)
{
	struct fleet *fleet = ctx;

	if (fleet->state == FLEET_RUN || fleet->state == FLEET_STOP)
		verdict_ending(fleet, t->rank);
}

/* Watches run in RUN alone; a checkpoint counts whenever it comes, above all
 * the last one of a job that is being ended. */
static void on_said(void *ctx, struct trainer *t, enum agent_event event,
		    const struct json *line)
{
	struct fleet *fleet = ctx;
	struct agent_checkpoint c;

	if (fleet->state == FLEET_RUN)
		watches_said(&fleet->watches, t, event, line);
	if (event != AGENT_CHECKPOINT)
		return;
	record_read(&agent_checkpoint_record, line, &c);
	if (*c.path)
		copies_add(fleet->copies, c.step, c.path);
}

/* Output of a trainer of this machine, whole lines: to this console and to
 * those of the machines that follow all ranks. */
static void on_lines(void *ctx, const struct trainer *t, const char *text,
		     size_t n)
{
	struct fleet *fleet = ctx;
	struct json *o = NULL;

	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		if (!fleet->members[i].follows || !peers_here(fleet->peers, i))
			continue;
		/* One frame for all who follow, made only if somebody does. */
		if (!o)
			o = follow_pack(t->rank, text, n);
		peers_send_json(fleet->peers, i, WIRE_LOG,
				(uint32_t)fleet->attempt, o);
	}
	json_free(o);
	follow_add(fleet->follow, hosts_own(&fleet->plan->hosts), t->rank, text,
		   n);
}

/* Once for each function: a program may try for ever. */
static void on_unserved(void *ctx, int rank, const char *what)
{
	struct fleet *fleet = ctx;
	char name[32];

	if (strstr(fl_str_get(&fleet->unserved), what))
		return;
	fl_str_addf(&fleet->unserved, "%s;", what);
	launch_rank_name(fleet->plan, rank, name, sizeof(name));
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
static bool sees_all(const struct fleet *fleet)
{
	for (int i = 0; i < fleet->plan->hosts.count; i++)
		if (i != fleet->plan->hosts.self &&
		    !peers_here(fleet->peers, i))
			return false;
	return true;
}

static void on_joined(void *ctx, int host, const struct json *intro)
{
	struct fleet *fleet = ctx;

	intro_heard(fleet, host, intro);
	if (!peers_here(fleet->peers, host) || fleet->over)
		return;
	fleet_tell_state_to(fleet, host);
	if (fleet->state == FLEET_WAIT &&
	    (fleet->attempt >= 0 || sees_all(fleet)))
		fleet_tell_state(fleet);
}

/* It has given all that others need of it, so its end is no loss: servers,
 * though, serve until all are done. */
static bool is_done(const struct fleet *fleet, const struct member *m)
{
	return m->heard && m->told.state == FLEET_DONE &&
	       (!fleet->plan->roles || m->told.over) &&
	       (fleet->state == FLEET_DONE || fleet->state == FLEET_RUN);
}

/* Why it is gone nobody can know from here: the sentence names what it may be. */
static void report_lost(struct fleet *fleet, int host, const char *why)
{
	char end[400];

	snprintf(
		end, sizeof(end),
		"is lost: %.200s; its agent was killed, or the machine went down or is cut off",
		why);
	verdict_report(fleet,
		       fault_of_machine("machine", fleet_host(fleet, host), end,
					FL_EPEER));
}

/* A machine that leaves is a fault of the attempt that it takes part in, unless
 * it was done, the job ends anyway, or a first fault is judged already. */
static void on_left(void *ctx, int host, const char *why)
{
	struct fleet *fleet = ctx;
	struct member *m = &fleet->members[host];
	bool done = is_done(fleet, m);

	/* A look at the links ends on each machine when it was told. */
	if (fleet->options->preflight && m->heard && m->told.over)
		return;
	m->heard = false;
	m->since = fl_now_s();
	copies_left(fleet->copies, host);
	pause_left(fleet, host);
	/* Whom this machine still sees decides who may go on without the lost
	 * one. */
	if (fleet->state == FLEET_WAIT && fleet->attempt >= 0 && !fleet->over)
		fleet_tell_state(fleet);
	if (fleet->state == FLEET_WAIT ||
	    layout_find(&fleet->layout, host) < 0 || fleet->over ||
	    fleet->request.signal || fleet->faults.verdict)
		return;
	if (done)
		m->heard = true; /* and still DONE */
	else
		report_lost(fleet, host, why);
}

static void on_frame(void *ctx, int host, const struct wire_frame *frame)
{
	frames_heard(ctx, host, frame);
}

static void on_silence(void *ctx, int host, double seconds, bool silent)
{
	struct fleet *fleet = ctx;

	if (silent)
		fl_warn("%s has been silent for %.1f s; it counts as lost after %g s",
			fleet_host(fleet, host), seconds,
			fleet->options->peer_timeout);
	else if (peers_here(fleet->peers, host))
		fl_info("%s is heard again", fleet_host(fleet, host));
}

/* The socket is the preflight's, which closes one that nobody expects. */
static void on_stream(void *ctx, int host, int fd)
{
	struct fleet *fleet = ctx;

	preflight_stream(fleet->now.preflight, host, fd);
}

/* --- the loop --- */

/* Alone at once: there is nobody else in the layout. */
static bool all_done(const struct fleet *fleet)
{
	for (int i = 0; i < fleet->layout.count; i++) {
		int host = fleet->layout.list[i].host;

		if (host != fleet->plan->hosts.self &&
		    fleet->members[host].told.state != FLEET_DONE)
			return false;
	}
	return true;
}

/* From the machine before this one, so that no link carries it twice. */
static void pass_on(struct fleet *fleet)
{
	const struct layout *l = &fleet->layout;
	int before = l->list[(l->self + l->count - 1) % l->count].host;
	const struct copy_name *theirs = &fleet->members[before].told.newest;

	if (l->count > 1 && theirs->step > copies_coming(fleet->copies))
		copies_fetch(fleet->copies, fleet->peers, before, theirs);
}

/* Servers never end of themselves: the last worker's end is theirs. */
static void end_servers(struct fleet *fleet)
{
	if (fleet->job.dismissed)
		return;
	fl_info("all workers are done: ending %d server%s", fleet->job.alive,
		fleet->job.alive == 1 ? "" : "s");
	job_dismiss(&fleet->job, SERVER_GRACE_S);
}

/* RUN and DONE differ for this machine only: its own trainers are done in DONE,
 * and it passes checkpoints on until all machines' are. */
static void run_turn(struct fleet *fleet)
{
	pass_on(fleet);
	if (!fleet->begun && !fleet->options->preflight)
		prepare_begun(fleet);
	if (fleet->state == FLEET_RUN && !fleet->job.paused)
		watches_turn(&fleet->watches);
	if (fleet->state == FLEET_RUN && fleet->job.working == 0)
		fleet_enter(fleet, FLEET_DONE);
	if (fleet->state != FLEET_DONE || !all_done(fleet))
		return;
	if (fleet->job.alive == 0) {
		job_end(&fleet->job);
		fleet_over(fleet, preflight_status(fleet->now.preflight));
	} else {
		end_servers(fleet);
	}
}

/* The user wants an end: nothing else is looked at any more. */
static void request_turn(struct fleet *fleet)
{
	if (fleet->job.alive > 0)
		return;
	job_end(&fleet->job);
	fleet_over(fleet, 128 + fleet->request.signal);
}

/* What the state waits for. A request of the user's goes before all of it: no
 * fault, and no restart, comes after that. */
static void turn(struct fleet *fleet)
{
	if (fleet->request.signal) {
		request_turn(fleet);
		return;
	}
	stop_turn(fleet);
	switch (fleet->state) {
	case FLEET_WAIT:
		rollcall_turn(fleet);
		break;
	case FLEET_PREPARE:
	case FLEET_READY:
		prepare_turn(fleet);
		break;
	case FLEET_RUN:
	case FLEET_DONE:
		run_turn(fleet);
		break;
	case FLEET_STOP:
		verdict_turn(fleet);
		break;
	}
}

/* Trainers before peers before turn(): what was seen here is known when others'
 * words are judged. A copy in work makes the poll return at once. */
static void loop(struct fleet *fleet)
{
	int most = 1 + JOB_MOST_FDS +
		   (fleet->peers ? peers_most_fds(fleet->peers) : 0);
	struct pollfd *fds = fl_calloc((size_t)most, sizeof(*fds));
	bool more = false, news;

	while (!fleet->over) {
		int n = job_fds(&fleet->job, fds);

		if (fleet->peers)
			n += peers_fds(fleet->peers, fds + n);
		n += preflight_fds(fleet->now.preflight, fds + n);
		poll(fds, (nfds_t)n, more ? 0 : TICK_MS);
		job_turn(&fleet->job);
		peers_turn(fleet->peers);
		fences_turn(&fleet->fences, fleet->peers, fleet->job.pmi);
		more = copies_turn(fleet->copies, fleet->peers, &news);
		if (news)
			fleet_tell_state(fleet);
		turn(fleet);
		follow_turn(fleet->follow);
	}
	free(fds);
}

/* --- opening and closing --- */

static int open_peers(struct fleet *fleet, struct fl_err *err)
{
	struct peers_config c = { .hosts = &fleet->plan->hosts,
				  .port = fleet->plan->agent_port,
				  .token = fleet->plan->token,
				  .intro = fleet->intro,
				  .silent_s = 2,
				  .lost_s = fleet->options->peer_timeout,
				  .ctx = fleet,
				  .joined = on_joined,
				  .left = on_left,
				  .frame = on_frame,
				  .silence = on_silence,
				  .stream = on_stream };

	return fleet->plan->alone ? 0 : peers_open(&c, &fleet->peers, err);
}

/* Everyone is missing from now on, this machine excepted. */
static void open_members(struct fleet *fleet)
{
	int count = fleet->plan->hosts.count;
	struct member *own;

	fleet->members = fl_calloc((size_t)count, sizeof(*fleet->members));
	for (int i = 0; i < count; i++)
		fleet->members[i].since = fl_now_s();
	own = &fleet->members[fleet->plan->hosts.self];
	own->heard = true;
	own->told.attempt = -1;
	own->count = fleet->plan->count;
	memcpy(own->devices, fleet->plan->devices, sizeof(own->devices));
}

/* The job first: its guard has to be forked, and signals blocked, before PMIx
 * has threads. The link to others comes last, when all that their words could
 * ask for is there. On failure close_fleet() takes back what was made. */
static int open_fleet(struct fleet *fleet, struct fl_err *err)
{
	struct job_events events = { .ctx = fleet,
				     .fault = on_fault,
				     .ending = on_ending,
				     .said = on_said,
				     .user = on_signal,
				     .pause = on_pause,
				     .unserved = on_unserved,
				     .lines = on_lines };
	int rc = job_open(&fleet->job, fleet->options, fleet->plan, &events,
			  err);

	open_members(fleet);
	fleet_open_post(fleet);
	fleet->now = (struct attempt){ .options = fleet->options,
				       .plan = fleet->plan,
				       .layout = &fleet->layout,
				       .job = &fleet->job,
				       .post = &fleet->post,
				       .ctx = fleet,
				       .fault = on_watch_fault };
	fleet->copies =
		copies_new(fleet->options->log_dir, fleet->plan->hosts.self,
			   fleet->plan->hosts.count);
	fleet->intro = intro_write(fleet->options, fleet->plan);
	fleet->follow = fleet->options->follow ? follow_new(fleet->plan) : NULL;
	if (!fleet->plan->alone)
		fleet_remember(fleet);
	if (rc == 0)
		rc = open_peers(fleet, err);
	return rc;
}

/* Links first, while what they might hand frames to still stands. Copies stay
 * after a failure, or where the start never succeeded, for an agent that is
 * started anew. */
static void close_fleet(struct fleet *fleet)
{
	peers_close(fleet->peers);
	fences_end(&fleet->fences);
	watches_end(&fleet->watches);
	preflight_free(fleet->now.preflight);
	follow_free(fleet->follow);
	job_close(&fleet->job);
	copies_free(fleet->copies, fleet->code != 0 || !fleet->begun);
	layout_release(&fleet->layout);
	verdict_forget(fleet);
	free(fleet->faults.ending);
	fl_str_release(&fleet->unserved);
	json_free(fleet->request.held);
	json_free(fleet->intro);
	free(fleet->members);
}

int launch_run(const struct launch_options *options,
	       const struct launch_plan *plan)
{
	struct fleet fleet = { .options = options,
			       .plan = plan,
			       .attempt = -1 };
	struct fl_err err = FL_ERR_INIT;

	if (open_fleet(&fleet, &err) == 0) {
		fleet_enter(&fleet, FLEET_WAIT);
		loop(&fleet);
	} else {
		fleet.code = fl_exit_status(err.code);
	}
	close_fleet(&fleet);
	if (err.code != 0 && !plan->alone)
		return launch_refuse(options, plan, &err);
	if (err.code != 0)
		fl_error("%s", err.text);
	return fleet.code;
}

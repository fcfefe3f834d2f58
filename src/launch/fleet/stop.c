/* stop.c - the user, a scheduler or the system wants the job to end.
 *
 * One request may reach us by many ways: a signal to each machine's agent, to
 * every process of a control group (systemd, scancel), to the process group and
 * to its leader (timeout), by the terminal and by a shell that passes it on. So
 * only a signal that comes to the same agent again, and not within a moment of
 * the first, is a second request: that ends the trainers at once, everywhere.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/clock.h"
#include "base/log.h"

#include <signal.h>

#define MOMENT_S \
	2.0 /* the ways of one request; a person's second thought is later */
/* A trainer may die of the signal before its agent has read its own. */
#define HOLD_S 0.5

/* Faults of this moment are what the same request did to the trainers. */
static void withdraw_faults(struct fleet *f)
{
	if (f->state != FLEET_STOP || f->verdict)
		return;
	for (int i = 0; i < f->fault_count; i++) {
		const struct json *o = f->faults[i].report;

		fl_info("in the same moment %s%s%s %s",
			json_text_or(o, "name", ""),
			*json_text_or(o, "name", "") ? " of " : "",
			json_text_or(o, "host", ""),
			json_text_or(o, "end", ""));
	}
	job_pardon(&f->job);
}

static void begin(struct fleet *f, int number)
{
	double grace = f->options->stop_timeout;

	if (f->over)
		return;
	f->user_signal = number;
	json_free(f->held);
	f->held = NULL;
	fl_info("%s: asking the trainers to write a checkpoint and end (within "
		"%g s; a second signal, later than %g s after the first, ends "
		"them at once)",
		number == SIGINT ? "interrupted" : "terminated", grace,
		MOMENT_S);
	withdraw_faults(f);
	job_wind_up(&f->job, grace);
}

static void at_once(struct fleet *f)
{
	if (f->over)
		return;
	fl_warn("second signal: ending the trainers at once");
	job_stop(&f->job, 0);
}

void stop_by_signal(void *ctx, int number)
{
	struct fleet *f = ctx;
	double now = fl_now_s();
	bool first = f->signal_at == 0;
	bool again = !first && now - f->signal_at >= MOMENT_S;
	struct json *o;

	if (first)
		f->signal_at = now;
	if (!again && (!first || f->user_signal))
		return;
	o = json_new_object();
	json_set_int(o, "signal", number);
	json_set_text(o, "host", launch_host(f->plan));
	json_set_bool(o, "again", again);
	peers_tell(f->peers, WIRE_STOP, (uint32_t)f->attempt, o);
	json_free(o);
	if (again)
		at_once(f);
	else
		begin(f, number);
}

void stop_take(struct fleet *f, const struct json *o)
{
	bool ctrl_c = json_int_or(o, "signal", SIGTERM) == SIGINT;
	bool again = json_bool_or(o, "again", false);

	if (f->user_signal && !again)
		return;
	fl_info("stopped on %s", json_text_or(o, "host", "?"));
	if (again && f->user_signal)
		at_once(f);
	else
		begin(f, ctrl_c ? SIGINT : SIGTERM);
}

static bool is_by_request(const struct json *report)
{
	int64_t number = json_int_or(report, "signal", 0);
	int64_t status = json_int_or(report, "status", 0);

	return number == SIGTERM || number == SIGINT || number == SIGHUP ||
	       status == 128 + SIGTERM || status == 128 + SIGINT ||
	       status == 128 + SIGHUP;
}

bool stop_holds(struct fleet *f, struct json *report)
{
	if (f->held || !is_by_request(report))
		return false;
	f->held = report;
	f->held_at = fl_now_s();
	return true;
}

void stop_turn(struct fleet *f)
{
	struct json *report = f->held;

	if (!report || fl_now_s() - f->held_at < HOLD_S)
		return;
	f->held = NULL;
	verdict_report(f, report);
}

/* stop.c - the user, a scheduler or the system wants the job to end.
 *
 * One request may reach us by many ways: a signal to each machine's agent, to
 * every process of a control group (systemd, scancel), to the process group and
 * to its leader (timeout), by the terminal and by a shell that passes it on. So
 * only a signal that comes to the same agent again, and not within a moment of
 * the first, is a second request: that ends the trainers at once, everywhere.
 */
#include "launch/fleet/user.h"

#include "base/clock.h"
#include "base/inherited.h"
#include "base/log.h"
#include "launch/fleet/verdict.h"

#include <signal.h>

/* The ways of one request; a person's second thought is later. */
#define MOMENT_S 2.0
/* A trainer may die of the signal before its agent has read its own. */
#define HOLD_S 0.5

static const struct field rows[] = {
	FIELD(INT, struct stop, signal, "signal", .absent = SIGTERM),
	FIELD(TEXT, struct stop, host, "host"),
	FIELD(BOOL, struct stop, again, "again"),
};
const struct record stop_record = RECORD(struct stop, rows);

/* Faults of this moment are what the same request did to the trainers. */
static void withdraw_faults(struct fleet *fleet)
{
	if (fleet->state != FLEET_STOP || fleet->faults.verdict)
		return;
	for (int i = 0; i < fleet->faults.count; i++) {
		struct fault x;

		record_read(&fault_record, fleet->faults.list[i].report, &x);
		fl_info("in the same moment %s%s%s %s", x.name,
			*x.name ? " of " : "", x.host, x.end);
	}
	job_pardon(&fleet->job);
}

static void begin(struct fleet *fleet, int number)
{
	double grace = fleet->options->stop_timeout;

	if (fleet->over)
		return;
	fleet->request.signal = number == SIGINT ? SIGINT : SIGTERM;
	json_free(fleet->request.held);
	fleet->request.held = NULL;
	fl_info("%s: asking the trainers to write a checkpoint%s and end (within "
		"%g s; a second signal, later than %g s after the first, ends "
		"them at once)",
		number == SIGINT ? "interrupted" : "terminated",
		number == SIGUSR1 ? ", score it" : "", grace, MOMENT_S);
	withdraw_faults(fleet);
	job_wind_up(&fleet->job, number, grace);
}

/* Nobody gets the rest of --stop_timeout: SIGKILL follows with the next
 * turn. */
static void at_once(struct fleet *fleet)
{
	if (fleet->over)
		return;
	fl_warn("second signal: ending the trainers at once");
	job_stop(&fleet->job, 0);
}

/* Told to all before it is begun here, for the others' time runs too. */
void stop_by_signal(struct fleet *fleet, int number)
{
	struct request *r = &fleet->request;
	double now = fl_now_s();
	bool first = r->first_at == 0;
	bool again = !first && now - r->first_at >= MOMENT_S;
	struct stop stop = { number, hosts_own(&fleet->plan->hosts), again };
	struct json *o;

	if (first)
		r->first_at = now;
	if (!again && (!first || r->signal))
		return;
	o = record_write(&stop_record, &stop, 0);
	post_to_all(&fleet->post, WIRE_STOP, o);
	json_free(o);
	if (again)
		at_once(fleet);
	else
		begin(fleet, number);
}

void stop_heard(struct fleet *fleet, const struct json *o)
{
	struct stop s;

	record_read(&stop_record, o, &s);
	if (fleet->request.signal && !s.again)
		return;
	fl_info("stopped on %s", *s.host ? s.host : "?");
	if (s.again && fleet->request.signal)
		at_once(fleet);
	else
		begin(fleet, s.signal);
}

/* By the signal itself, or by a handler or a shell that made a status of it. */
static bool is_by_request(const struct json *report)
{
	struct fault x;

	record_read(&fault_record, report, &x);
	for (const int *number = fl_stop_signals; *number; number++)
		if (x.signal == *number || x.status == 128 + *number)
			return true;
	return false;
}

bool stop_holds(struct fleet *fleet, struct json *report)
{
	if (fleet->request.held || !is_by_request(report))
		return false;
	fleet->request.held = report;
	fleet->request.held_at = fl_now_s();
	return true;
}

void stop_turn(struct fleet *fleet)
{
	struct json *report = fleet->request.held;

	if (!report || fl_now_s() - fleet->request.held_at < HOLD_S)
		return;
	fleet->request.held = NULL;
	verdict_report(fleet, report);
}

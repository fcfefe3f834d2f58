/* verdict.c - faults: which one came first, what everyone is told, and whether
 * the job starts again.
 *
 * Every machine ends its trainers as soon as it hears of any fault, and tells
 * what they were at. A moment later the coordinator picks the first fault of
 * those it has heard of and tells all. Arrival is the clock: a fault is told
 * the moment it is seen, so machines' clocks need not agree.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERM_GRACE_S 1.0 /* after a fault: from SIGTERM to SIGKILL */
#define COLLECT_S 0.2	 /* for faults of the same moment elsewhere */
#define WAY_S 0.001	 /* of a word between two machines, at least */
#define ALONE_S 1.0	 /* without a verdict: decide for this machine */

static void add_lines(struct fleet *f, const struct json *lines)
{
	if (!f->where)
		f->where = json_new_array();
	for (size_t i = 0; i < json_count(lines); i++) {
		const char *line = "";

		json_text(json_at(lines, i), &line);
		if (json_count(f->where) < 64)
			json_add(f->where, json_new_text(line));
	}
}

/* What this machine's trainers are at, to all. */
static void tell_where(struct fleet *f)
{
	struct json *lines = json_new_array();

	for (int i = 0; i < f->job.started; i++) {
		struct fl_str line = FL_STR_INIT;

		if (fault_where(f->plan, &f->layout, &f->job.trainers[i],
				&line))
			json_add(lines, json_new_text(fl_str_get(&line)));
		fl_str_release(&line);
	}
	add_lines(f, lines);
	peers_tell(f->peers, WIRE_WHERE, (uint32_t)f->attempt, lines);
	json_free(lines);
}

void verdict_where(struct fleet *f, const struct json *lines)
{
	if (f->state != FLEET_WAIT)
		add_lines(f, lines);
}

void verdict_fault(struct fleet *f, struct json *report)
{
	if (f->user_signal || f->over || f->state == FLEET_WAIT || f->verdict ||
	    f->fault_count == FLEET_FAULTS) {
		json_free(report);
		return;
	}
	f->faults[f->fault_count++] =
		(struct fleet_fault){ report, fl_now_s() };
	if (f->state == FLEET_STOP)
		return;
	f->fault_at = fl_now_s();
	preflight_rest(f);
	for (int i = 0; i < f->job.started; i++)
		f->ours |= f->job.trainers[i].ours;
	tell_where(f);
	fleet_enter(f, FLEET_STOP);
	job_stop(&f->job, TERM_GRACE_S);
}

void verdict_report(struct fleet *f, struct json *report)
{
	if (f->state != FLEET_WAIT && !f->verdict)
		peers_tell(f->peers, WIRE_FAULT, (uint32_t)f->attempt, report);
	verdict_fault(f, report);
}

/* How much a fault explains. The loss of a machine explains what its peers come
 * to; a death by a signal that we did not send, an ordinary exit status;
 * MPI_Abort and abort() are what libraries do who miss a peer, too, but more
 * than a status. A broken pipe, or our own "peer lost", are consequences. */
static int explains(const struct json *report)
{
	int64_t number = json_int_or(report, "signal", 0);

	if (strcmp(json_text_or(report, "kind", ""), "trainer") != 0)
		return 4;
	if (json_bool_or(report, "aborted", false) || number == SIGABRT)
		return 2;
	if (number == SIGPIPE ||
	    json_int_or(report, "status", 0) == fl_exit_status(FL_EPEER))
		return 0;
	return number ? 3 : 1;
}

void verdict_begin(struct fleet *f)
{
	free(f->ending);
	f->ending = fl_calloc((size_t)f->layout.world, sizeof(double));
}

static void note_ending(struct fleet *f, const struct json *o, double at)
{
	int64_t rank = json_int_or(o, "rank", -1);

	if (f->ending && rank >= 0 && rank < f->layout.world &&
	    f->ending[rank] == 0)
		f->ending[rank] = at;
}

void verdict_ending(struct fleet *f, const struct json *o)
{
	note_ending(f, o, fl_now_s());
}

/* Its word was on the way while a peer may have noticed and ended here. */
void verdict_ending_there(struct fleet *f, const struct json *o)
{
	note_ending(f, o, fl_now_s() - WAY_S);
}

/* When a fault began, as far as it is known. */
static double began(const struct fleet *f, const struct fleet_fault *x)
{
	int64_t rank = json_int_or(x->report, "rank", -1);

	if (f->ending && rank >= 0 && rank < f->layout.world &&
	    f->ending[rank] > 0)
		return f->ending[rank];
	return x->at;
}

/* Does x come before first? */
static bool precedes(const struct fleet *f, const struct fleet_fault *x,
		     const struct fleet_fault *first)
{
	int more = explains(x->report) - explains(first->report);

	return more > 0 || (more == 0 && began(f, x) < began(f, first));
}

/* The one that explains most of what came within the time of collection; of
 * several the earliest. */
static struct json *first_fault(const struct fleet *f)
{
	const struct fleet_fault *first = &f->faults[0];

	for (int i = 1; i < f->fault_count; i++) {
		const struct fleet_fault *x = &f->faults[i];

		if (precedes(f, x, first) &&
		    x->at - f->faults[0].at < COLLECT_S)
			first = x;
	}
	return first->report;
}

/* The faults beside the first, and what the other trainers were at. */
static struct json *tell_others(const struct fleet *f, const struct json *first)
{
	struct json *lines = json_new_array();

	for (int i = 0; i < f->fault_count; i++) {
		struct fl_str s = FL_STR_INIT;

		if (f->faults[i].report == first)
			continue;
		fault_line(f->faults[i].report, &s);
		fl_str_add(&s, ", in the same moment");
		json_add(lines, json_new_text(fl_str_get(&s)));
		fl_str_release(&s);
	}
	for (size_t i = 0; i < json_count(f->where); i++) {
		const char *line = "";

		json_text(json_at(f->where, i), &line);
		json_add(lines, json_new_text(line));
	}
	return lines;
}

/* -1 was given: programs that know how to go on are started again. */
static int restarts_allowed(const struct fleet *f, const struct json *fault)
{
	if (f->options->preflight)
		return 0;
	if (f->options->max_restart >= 0)
		return f->options->max_restart;
	return f->plan->trains || json_bool_or(fault, "ours", false) || f->ours
		       ? LAUNCH_RESTARTS
		       : 0;
}

static bool is_final(int64_t code)
{
	return code == 2 || code == 3 || code == 7 || code == 126 ||
	       code == 127 || code == 130 || code == 143;
}

/* Why the job is not started again; NULL: it is. */
static const char *why_final(const struct fleet *f, const struct json *fault,
			     const char *key)
{
	int allowed = restarts_allowed(f, fault);

	if (json_bool_or(fault, "final", false))
		return "--stall_policy abort";
	if (is_final(json_int_or(fault, "status", 0)) &&
	    json_int_or(fault, "signal", 0) == 0)
		return allowed ? "starting again would not mend this" : "";
	if (*key && strcmp(key, f->last_key) == 0 &&
	    f->last_key_step == copies_newest(f->copies)->step)
		return "the same fault came twice without a new checkpoint between";
	if (f->restarts >= allowed)
		return allowed ? "all restarts are used (--max_restart)" : "";
	return NULL;
}

static void decide_restart(const struct fleet *f, const struct json *fault,
			   const char *key, struct json *verdict)
{
	const char *why = why_final(f, fault, key);
	int64_t step = copies_newest(f->copies)->step;
	struct fl_str note = FL_STR_INIT;

	if (why && *why) {
		fl_str_addf(&note, "not starting again: %s", why);
	} else if (!why) {
		fl_str_addf(&note, "starting again, %d of %d, from ",
			    f->restarts + 1, restarts_allowed(f, fault));
		if (step > 0)
			fl_str_addf(&note, "the checkpoint of step %lld",
				    (long long)step);
		else
			fl_str_add(&note,
				   "the beginning: there is no checkpoint yet");
	}
	json_set_bool(verdict, "restart", why == NULL);
	json_set_int(verdict, "restarts", f->restarts + (why == NULL));
	json_set_text(verdict, "note", fl_str_get(&note));
	fl_str_release(&note);
}

static struct json *make_verdict(struct fleet *f)
{
	struct json *v = json_new_object(), *fault = first_fault(f);
	struct fl_str key = FL_STR_INIT;

	fault_key(fault, &key);
	json_set(v, "fault", fleet_copy(fault));
	json_set(v, "others", tell_others(f, fault));
	json_set_int(v, "code", json_int_or(fault, "status", 0));
	json_set_text(v, "key", fl_str_get(&key));
	json_set_int(v, "step", copies_newest(f->copies)->step);
	decide_restart(f, fault, fl_str_get(&key), v);
	fl_str_release(&key);
	return v;
}

/* Owns the verdict from here on. */
static void apply(struct fleet *f, struct json *v)
{
	json_free(f->verdict);
	f->verdict = v;
	f->restarting = json_bool_or(v, "restart", false);
	f->restarts = (int)json_int_or(v, "restarts", 0);
	f->code = (int)json_int_or(v, "code", 0);
	f->last_key_step = json_int_or(v, "step", 0);
	snprintf(f->last_key, sizeof(f->last_key), "%s",
		 json_text_or(v, "key", ""));
	fault_print(v, f->options->log_dir);
	if (f->state != FLEET_STOP && !f->restarting) {
		job_stop(&f->job, TERM_GRACE_S);
		fleet_enter(f, FLEET_STOP);
	}
}

/* One that is not about this attempt still ends a machine that waits: the job
 * is over. */
void verdict_take(struct fleet *f, struct json *v, int attempt)
{
	bool waiting = f->state == FLEET_WAIT;

	if (f->verdict && !waiting) {
		json_free(v);
	} else if (waiting ? !json_bool_or(v, "restart", false)
			   : attempt == f->attempt) {
		if (!waiting && f->state != FLEET_STOP) {
			tell_where(f);
			fleet_enter(f, FLEET_STOP);
			job_stop(&f->job, TERM_GRACE_S);
		}
		apply(f, v);
	} else {
		json_free(v);
	}
}

void verdict_end(struct fleet *f, const char *kind, const char *end, int code)
{
	struct json *v = json_new_object();

	if (f->over || f->state == FLEET_STOP) {
		json_free(v);
		return;
	}
	json_set(v, "fault",
		 fault_of_machine(kind, launch_host(f->plan), end, code));
	json_set_int(v, "code", code);
	json_set_bool(v, "restart", false);
	json_set_int(v, "restarts", f->restarts);
	peers_tell(f->peers, WIRE_VERDICT, (uint32_t)f->attempt, v);
	apply(f, v);
}

/* Alone, with no trainer left whose end may come yet. */
static bool nobody_else(const struct fleet *f)
{
	return !f->peers && f->job.alive == 0;
}

/* In STOP: decide when it is time, go on when the trainers are gone. */
void verdict_turn(struct fleet *f)
{
	double since = fl_now_s() - f->fault_at;

	if (!f->verdict && f->fault_count > 0 &&
	    (since > ALONE_S ||
	     (fleet_decides(f) && (nobody_else(f) || since > COLLECT_S)))) {
		struct json *v = make_verdict(f);

		if (fleet_decides(f))
			peers_tell(f->peers, WIRE_VERDICT, (uint32_t)f->attempt,
				   v);
		apply(f, v);
	}
	if (!f->verdict || f->job.alive > 0)
		return;
	job_end(&f->job);
	fences_end(&f->fences);
	stall_end(f);
	stopped_end(f);
	ledger_end(f);
	if (f->restarting)
		fleet_enter(f, FLEET_WAIT);
	else
		fleet_over(f, f->code);
}

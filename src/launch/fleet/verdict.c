/* verdict.c - faults: which one came first, what everyone is told, and whether
 * the job starts again.
 *
 * Every machine ends its trainers as soon as it hears of any fault, and tells
 * what they were at. A moment later the coordinator picks the first fault of
 * those it has heard of and tells all. Arrival is the clock: a fault is told
 * the moment it is seen, so machines' clocks need not agree.
 */
#include "launch/fleet/verdict.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "launch/fleet/state.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TERM_GRACE_S 1.0 /* after a fault: from SIGTERM to SIGKILL */
#define COLLECT_S 0.2	 /* for faults of the same moment elsewhere */
#define WAY_S 0.001	 /* of a word between two machines, at least */
#define ALONE_S 1.0	 /* without a verdict: decide for this machine */
#define WHERE_MOST 64	 /* lines of what trainers were at */

static const struct field ending_rows[] = {
	FIELD(INT, struct ending, rank, "rank", .absent = -1),
};
const struct record ending_record = RECORD(struct ending, ending_rows);

/* Bounded: of a large job the first 64 ranks tell enough. */
static void add_lines(struct fleet *fleet, const struct json *lines)
{
	struct faults *x = &fleet->faults;

	if (!x->where)
		x->where = json_new_array();
	for (size_t i = 0; i < json_count(lines); i++)
		if (json_count(x->where) < WHERE_MOST)
			json_add(x->where, json_clone(json_at(lines, i)));
}

/* What this machine's trainers are at, to all. */
static void tell_where(struct fleet *fleet)
{
	struct json *lines = json_new_array();

	for (int i = 0; i < fleet->job.started; i++) {
		struct fl_str line = FL_STR_INIT;

		if (fault_where(fleet->plan, &fleet->layout,
				&fleet->job.trainers[i], &line))
			json_add(lines, json_new_text(fl_str_get(&line)));
		fl_str_release(&line);
	}
	add_lines(fleet, lines);
	post_to_all(&fleet->post, WIRE_WHERE, lines);
	json_free(lines);
}

void verdict_heard_where(struct fleet *fleet, const struct json *lines)
{
	add_lines(fleet, lines);
}

void verdict_forget(struct fleet *fleet)
{
	struct faults *x = &fleet->faults;

	for (int i = 0; i < x->count; i++)
		json_free(x->list[i].report);
	x->count = 0;
	json_free(x->where);
	json_free(x->verdict);
	x->where = x->verdict = NULL;
	fleet->restarting = false;
}

/* One time a rank; the layout of this attempt is known by now. */
void verdict_begin(struct fleet *fleet)
{
	free(fleet->faults.ending);
	fleet->faults.ending =
		fl_calloc((size_t)fleet->layout.world, sizeof(double));
}

/* --- what is heard --- */

void verdict_add_fault(struct fleet *fleet, struct json *report)
{
	struct faults *x = &fleet->faults;

	if (fleet->request.signal || fleet->over ||
	    fleet->state == FLEET_WAIT || x->verdict ||
	    x->count == FAULTS_MOST) {
		json_free(report);
		return;
	}
	x->list[x->count].report = report;
	x->list[x->count++].at = fl_now_s();
	if (fleet->state == FLEET_STOP)
		return;
	x->at = fl_now_s();
	preflight_rest(fleet->now.preflight);
	for (int i = 0; i < fleet->job.started; i++)
		x->speaks |= fleet->job.trainers[i].speaks;
	tell_where(fleet);
	fleet_enter(fleet, FLEET_STOP);
	job_stop(&fleet->job, TERM_GRACE_S);
}

/* Told before it is looked at here: others end their trainers meanwhile. */
void verdict_report(struct fleet *fleet, struct json *report)
{
	if (fleet->state != FLEET_WAIT && !fleet->faults.verdict)
		post_to_all(&fleet->post, WIRE_FAULT, report);
	verdict_add_fault(fleet, report);
}

/* The first word counts; ranks that came by the wire are bounded here. */
static void note_ending(struct fleet *fleet, int rank, double at)
{
	double *ending = fleet->faults.ending;

	if (ending && rank >= 0 && rank < fleet->layout.world &&
	    ending[rank] == 0)
		ending[rank] = at;
}

void verdict_ending(struct fleet *fleet, int rank)
{
	struct json *o =
		record_write(&ending_record, &(struct ending){ rank }, 0);

	if (!post_to_first(&fleet->post, WIRE_ENDING, o))
		note_ending(fleet, rank, fl_now_s());
	json_free(o);
}

/* Its word was on the way while a peer may have noticed and ended here. */
void verdict_heard_ending(struct fleet *fleet, const struct json *o)
{
	struct ending e;

	record_read(&ending_record, o, &e);
	note_ending(fleet, e.rank, fl_now_s() - WAY_S);
}

/* --- which one came first --- */

/* How much a fault explains. The loss of a machine explains what its peers come
 * to; a death by a signal that we did not send, an ordinary exit status;
 * MPI_Abort and abort() are what libraries do who miss a peer, too, but more
 * than a status. A broken pipe, or our own "peer lost", are consequences. */
static int explains(const struct fault *x)
{
	if (!fault_is_of_trainer(x))
		return 4;
	if (x->aborted || x->signal == SIGABRT)
		return 2;
	if (x->signal == SIGPIPE || x->status == fl_exit_status(FL_EPEER))
		return 0;
	return x->signal ? 3 : 1;
}

/* When a fault began, as far as it is known. */
static double began(const struct fleet *fleet, const struct fault *x, double at)
{
	const double *ending = fleet->faults.ending;

	if (ending && fault_is_of_trainer(x) && x->rank >= 0 &&
	    x->rank < fleet->layout.world && ending[x->rank] > 0)
		return ending[x->rank];
	return at;
}

/* Does the fault of this place come before the other? What explains more does,
 * whenever it came; of equals the one that began earlier. */
static bool precedes(const struct fleet *fleet, int i, int other)
{
	const struct faults *x = &fleet->faults;
	struct fault a, b;
	int more;

	record_read(&fault_record, x->list[i].report, &a);
	record_read(&fault_record, x->list[other].report, &b);
	more = explains(&a) - explains(&b);
	return more > 0 ||
	       (more == 0 && began(fleet, &a, x->list[i].at) <
				     began(fleet, &b, x->list[other].at));
}

/* The one that explains most of what came within the time of collection; of
 * several the earliest. */
static int first_fault(const struct fleet *fleet)
{
	const struct faults *x = &fleet->faults;
	int first = 0;

	for (int i = 1; i < x->count; i++)
		if (precedes(fleet, i, first) &&
		    x->list[i].at - x->list[0].at < COLLECT_S)
			first = i;
	return first;
}

/* The faults beside the first, and what the other trainers were at. */
static struct json *write_others(const struct fleet *fleet, int first)
{
	const struct faults *x = &fleet->faults;
	struct json *lines = json_new_array();

	for (int i = 0; i < x->count; i++) {
		struct fl_str s = FL_STR_INIT;
		struct fault fault;

		if (i == first)
			continue;
		record_read(&fault_record, x->list[i].report, &fault);
		fault_line(&fault, &s);
		fl_str_add(&s, ", in the same moment");
		json_add(lines, json_new_text(fl_str_get(&s)));
		fl_str_release(&s);
	}
	for (size_t i = 0; i < json_count(x->where); i++)
		json_add(lines, json_clone(json_at(x->where, i)));
	return lines;
}

/* --- whether the job starts again --- */

/* -1 was given: programs that know how to go on are started again. */
static int restarts_allowed(const struct fleet *fleet,
			    const struct fault *fault)
{
	if (fleet->options->preflight)
		return 0;
	if (fleet->options->max_restart >= 0)
		return fleet->options->max_restart;
	return fleet->plan->trains || fault->speaks || fleet->faults.speaks
		       ? LAUNCH_RESTARTS
		       : 0;
}

/* Statuses that a new start would end with again. */
static bool is_final(int status)
{
	static const enum fl_code codes[] = { FL_EUSAGE, FL_ERECIPE,
					      FL_EMISMATCH, FL_EINT, FL_ETERM };

	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (status == fl_exit_status(codes[i]))
			return true;
	return status == STATUS_NOT_RUN || status == STATUS_NOT_FOUND;
}

/* Why the job is not started again; NULL: it is. "": it is not, and no restart
 * was to be expected, so nothing need be said. */
static const char *why_final(const struct fleet *fleet,
			     const struct fault *fault, const char *key)
{
	int allowed = restarts_allowed(fleet, fault);

	if (fault->final)
		return "--stall_policy abort";
	if (is_final(fault->status) && fault->signal == 0)
		return allowed ? "starting again would not mend this" : "";
	if (*key && strcmp(key, fleet->faults.last_key) == 0 &&
	    fleet->faults.last_step == copies_newest(fleet->copies)->step)
		return "the same fault came twice without a new checkpoint between";
	if (fleet->restarts >= allowed)
		return allowed ? "all restarts are used (--max_restart)" : "";
	return NULL;
}

/* What comes next, for people. */
static void write_note(const struct fleet *fleet, const struct fault *fault,
		       const char *why, struct fl_str *note)
{
	int64_t step = copies_newest(fleet->copies)->step;

	if (why) {
		if (*why)
			fl_str_addf(note, "not starting again: %s", why);
		return;
	}
	fl_str_addf(note, "starting again, %d of %d, from ",
		    fleet->restarts + 1, restarts_allowed(fleet, fault));
	if (step > 0)
		fl_str_addf(note, "the checkpoint of step %lld",
			    (long long)step);
	else
		fl_str_add(note, "the beginning: there is no checkpoint yet");
}

/* The verdict as everyone gets it; the caller owns it. It holds all that a
 * machine needs which has heard none of the faults. */
static struct json *judge(struct fleet *fleet)
{
	int first = first_fault(fleet);
	struct fl_str key = FL_STR_INIT, note = FL_STR_INIT;
	struct json *others = write_others(fleet, first), *o;
	struct verdict v = { .fault = fleet->faults.list[first].report,
			     .others = others,
			     .step = copies_newest(fleet->copies)->step };
	struct fault fault;
	const char *why;

	record_read(&fault_record, v.fault, &fault);
	fault_key(&fault, &key);
	v.key = fl_str_get(&key);
	why = why_final(fleet, &fault, v.key);
	write_note(fleet, &fault, why, &note);
	v.note = fl_str_get(&note);
	v.code = fault.status;
	v.restart = why == NULL;
	v.restarts = fleet->restarts + v.restart;
	o = record_write(&verdict_record, &v, VERDICT_JUDGED);
	json_free(others);
	fl_str_release(&key);
	fl_str_release(&note);
	return o;
}

/* --- what follows --- */

/* What follows a verdict, the same on every machine. It owns the document from
 * here on. */
static void apply(struct fleet *fleet, struct json *o)
{
	struct faults *x = &fleet->faults;
	struct verdict v;

	json_free(x->verdict);
	x->verdict = o;
	record_read(&verdict_record, o, &v);
	fleet->restarting = v.restart;
	fleet->restarts = v.restarts;
	fleet->code = v.code;
	x->last_step = v.step;
	snprintf(x->last_key, sizeof(x->last_key), "%s", v.key);
	verdict_print(o, fleet->options->log_dir);
	if (fleet->state != FLEET_STOP && !fleet->restarting) {
		job_stop(&fleet->job, TERM_GRACE_S);
		fleet_enter(fleet, FLEET_STOP);
	}
}

/* Does it concern this machine as it is now? One that is not about this attempt
 * still ends a machine that waits: the job is over. */
static bool concerns(const struct fleet *fleet, const struct json *o,
		     int attempt)
{
	struct verdict v;

	record_read(&verdict_record, o, &v);
	if (fleet->state == FLEET_WAIT)
		return !v.restart;
	return !fleet->faults.verdict && attempt == fleet->attempt;
}

/* A machine that has heard of no fault yet does now what that would have made
 * it do: its trainers end first of all. */
void verdict_heard(struct fleet *fleet, struct json *o, int attempt)
{
	if (!concerns(fleet, o, attempt)) {
		json_free(o);
		return;
	}
	if (fleet->state != FLEET_WAIT && fleet->state != FLEET_STOP) {
		tell_where(fleet);
		fleet_enter(fleet, FLEET_STOP);
		job_stop(&fleet->job, TERM_GRACE_S);
	}
	apply(fleet, o);
}

/* For what is nobody's fault in an attempt: another line, a roll call in vain.
 * Where trainers are being ended already the fault of that attempt decides. */
void verdict_end(struct fleet *fleet, const char *kind, const char *end,
		 enum fl_code code)
{
	struct json *fault, *o;
	struct verdict v;

	if (fleet->over || fleet->state == FLEET_STOP)
		return;
	fault = fault_of_machine(kind, hosts_own(&fleet->plan->hosts), end,
				 code);
	v = (struct verdict){ .fault = fault,
			      .code = fl_exit_status(code),
			      .restarts = fleet->restarts };
	o = record_write(&verdict_record, &v, 0);
	json_free(fault);
	post_to_all(&fleet->post, WIRE_VERDICT, o);
	apply(fleet, o);
}

/* Alone, with no trainer left whose end may come yet. */
static bool nobody_else(const struct fleet *fleet)
{
	return !fleet->peers && fleet->job.alive == 0;
}

static bool time_to_judge(const struct fleet *fleet)
{
	double since = fl_now_s() - fleet->faults.at;

	if (fleet->faults.verdict || fleet->faults.count == 0)
		return false;
	/* The coordinator itself may be what was lost: then each decides alone,
	 * and by the same rules. */
	return since > ALONE_S || (post_decides(&fleet->post) &&
				   (nobody_else(fleet) || since > COLLECT_S));
}

/* In STOP, at every turn: first the verdict, then the end of the last trainer,
 * and only then the next state, so that no attempt overlaps another. */
void verdict_turn(struct fleet *fleet)
{
	if (time_to_judge(fleet)) {
		struct json *o = judge(fleet);

		if (post_decides(&fleet->post))
			post_to_all(&fleet->post, WIRE_VERDICT, o);
		apply(fleet, o);
	}
	if (!fleet->faults.verdict || fleet->job.alive > 0)
		return;
	job_end(&fleet->job);
	fences_end(&fleet->fences);
	watches_end(&fleet->watches);
	if (fleet->restarting)
		fleet_enter(fleet, FLEET_WAIT);
	else
		fleet_over(fleet, fleet->code);
}

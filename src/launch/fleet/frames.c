/* frames.c - what an agent does with what it hears.
 *
 * peers.c hands over every frame of a link that stands; fleet.c passes it on to
 * here. Whether it counts is judged by its row alone, so that no duty can forget
 * to look whether the attempt is the same. Frames of types that are not known
 * come from newer agents and are left.
 */
#include "launch/fleet/frames.h"

#include "base/log.h"
#include "launch/fleet/intro.h"
#include "launch/fleet/member.h"
#include "launch/fleet/prepare.h"
#include "launch/fleet/state.h"
#include "launch/fleet/user.h"
#include "launch/fleet/verdict.h"
#include "launch/link/greeting.h"
#include "launch/measure/measurer.h"

#define IN(state) (1U << FLEET_##state)
#define ALWAYS \
	(IN(WAIT) | IN(PREPARE) | IN(READY) | IN(RUN) | IN(DONE) | IN(STOP))
#define BUSY (ALWAYS & ~IN(WAIT)) /* an attempt is under way */

/* One function for each row, all of one shape; what a row does not need is
 * unused. */
#define HEAR(name)                                              \
	static void hear_##name(struct fleet *fleet, int host,  \
				const struct wire_frame *frame, \
				const struct json *o)

static int seat_of(const struct fleet *fleet, int host)
{
	return layout_find(&fleet->layout, host);
}

HEAR(state)
{
	(void)frame;
	member_heard_state(fleet, host, o);
}

HEAR(prepare)
{
	(void)host;
	prepare_heard(fleet, o, (int)frame->attempt);
}

/* Its room is worth knowing even if it is late. */
HEAR(ready)
{
	struct member *m = &fleet->members[host];

	record_read(&room_record, o, &m->room);
	m->ready |= (int)frame->attempt == fleet->attempt;
}

HEAR(start)
{
	(void)host, (void)frame, (void)o;
	prepare_start(fleet);
}

/* Its row lets members alone come here, so the seat is there; likewise
 * below. */
HEAR(fence)
{
	(void)o;
	fences_heard(&fleet->fences, seat_of(fleet, host), frame);
}

/* The report is the verdict's from now on; the frame's document goes. */
HEAR(fault)
{
	(void)host, (void)frame;
	verdict_add_fault(fleet, json_clone(o));
}

HEAR(where)
{
	(void)host, (void)frame;
	verdict_heard_where(fleet, o);
}

HEAR(verdict)
{
	(void)host;
	verdict_heard(fleet, json_clone(o), (int)frame->attempt);
}

HEAR(ending)
{
	(void)host, (void)frame;
	verdict_heard_ending(fleet, o);
}

HEAR(stop)
{
	(void)host, (void)frame;
	stop_heard(fleet, o);
}

HEAR(pause)
{
	(void)frame;
	pause_heard(fleet, host, o);
}

HEAR(get)
{
	(void)frame;
	copies_heard_get(fleet->copies, host, o);
}

HEAR(chunk)
{
	(void)o;
	copies_heard_chunk(fleet->copies, host, frame);
}

HEAR(log)
{
	(void)frame;
	follow_heard(fleet->follow, fleet_host(fleet, host), o);
}

/* The report may be all that the job was started for. */
HEAR(preflight)
{
	preflight_heard(fleet->now.preflight, seat_of(fleet, host),
			(enum wire_type)frame->type, o);
	prepare_looked(fleet);
}

/* Every watch hears it, and knows its own types. */
HEAR(watch)
{
	watches_heard(&fleet->watches, seat_of(fleet, host),
		      (enum wire_type)frame->type, o);
}

/* A pace is told with a trainer's last step, when its own machine may be done. */
#define PACING (IN(RUN) | IN(DONE) | IN(STOP))

/* In the order of enum wire_type, as people read the table. Rows without a
 * function are the link's; the columns without names: type, name, states,
 * whether the attempt must be ours, from whom, who hears it. */
static const struct frame_row rows[] = {
	{ .type = WIRE_HELLO,
	  .name = "HELLO",
	  .record = &hello_record,
	  .meaning = "who calls; a probe only asks whether it would be "
		     "welcome, a stream is to be measured" },
	{ .type = WIRE_REFUSE,
	  .name = "REFUSE",
	  .record = &refusal_record,
	  .meaning = "version, job (another list), index, token, line, probe" },
	{ .type = WIRE_PROOF,
	  .name = "PROOF",
	  .words = "32 bytes",
	  .meaning = "HMAC-SHA-256 under the token of `c` or `a` (caller, "
		     "called), caller's nonce, called's nonce" },
	{ .type = WIRE_INTRO,
	  .name = "INTRO",
	  .record = &intro_record,
	  .meaning = "the command line without what may differ, this "
		     "machine's devices, whether it follows all ranks" },
	{ .type = WIRE_PING,
	  .name = "PING",
	  .meaning = "every 0.5 s; any byte counts as life" },
	{ WIRE_STATE, "STATE", ALWAYS, false, FROM_ANYONE, hear_state,
	  .record = &told_record,
	  .meaning = "what the sender is at, whom it has links with, the "
		     "newest checkpoint it holds" },
	{ WIRE_PREPARE, "PREPARE", IN(WAIT), false, FROM_ANYONE, hear_prepare,
	  .record = &prepare_order_record,
	  .meaning = "coordinator: make ready for this attempt" },
	/* Some are told when this machine is not yet where the sender is: they
	 * count always, and whoever takes them looks. */
	{ WIRE_READY, "READY", ALWAYS, false, FROM_ANYONE, hear_ready,
	  .record = &room_record,
	  .meaning = "member: I am, and have so much room" },
	{ WIRE_START, "START", IN(READY), true, FROM_FIRST, hear_start,
	  .meaning = "coordinator: all are ready" },
	{ WIRE_FENCE, "FENCE", BUSY, true, FROM_MEMBER, hear_fence,
	  .words = "u32 number, signature, NUL, bytes",
	  .meaning = "a machine's share of a PMIx fence, to all that take "
		     "part" },
	{ WIRE_FAULT, "FAULT", BUSY, true, FROM_MEMBER, hear_fault,
	  .record = &fault_record, .meaning = "seen here, now" },
	{ WIRE_WHERE, "WHERE", BUSY, true, FROM_ANYONE, hear_where,
	  .words = "a list of lines", .json = true,
	  .meaning = "what the trainers here were at" },
	/* Also in WAIT: a machine that waits for a job which is over ends. */
	{ WIRE_VERDICT, "VERDICT", ALWAYS, false, FROM_ANYONE, hear_verdict,
	  .record = &verdict_record,
	  .meaning = "the first fault, and what follows" },
	{ WIRE_STOP, "STOP", ALWAYS, false, FROM_ANYONE, hear_stop,
	  .record = &stop_record, .meaning = "the user wants to stop" },
	{ WIRE_GET, "GET", ALWAYS, false, FROM_ANYONE, hear_get,
	  .record = &copy_name_record, .meaning = "send me that checkpoint" },
	{ WIRE_CHUNK, "CHUNK", ALWAYS, false, FROM_ANYONE, hear_chunk,
	  .words = "u64 step, u64 offset, bytes",
	  .meaning = "a piece of it; offset −1: it is not here" },
	{ WIRE_DIGEST, "DIGEST", IN(RUN), true, FROM_ANYONE, hear_watch,
	  .record = &digest_record,
	  .meaning = "a trainer's line with its rank: what it is about to "
		     "train" },
	{ WIRE_GO, "GO", IN(RUN), true, FROM_FIRST, hear_watch,
	  .meaning = "all are about to train the same" },
	{ WIRE_LOG, "LOG", ALWAYS, false, FROM_ANYONE, hear_log,
	  .record = &log_record,
	  .meaning = "lines of a trainer, to machines that follow all" },
	{ WIRE_STALL, "STALL", IN(RUN), true, FROM_MEMBER, hear_watch,
	  .record = &stall_record, .list = true,
	  .meaning = "nothing has moved here for `--stall`: where each "
		     "trainer is; empty: it moves again" },
	{ WIRE_MEASURE, "MEASURE", IN(READY), true, FROM_FIRST, hear_preflight,
	  .record = &measure_order_record,
	  .meaning = "coordinator: measure the link with that machine" },
	{ WIRE_MEASURED, "MEASURED", IN(READY), true, FROM_MEMBER,
	  hear_preflight, .record = &measured_record,
	  .meaning = "what came out: an error, or what the machine that asked "
		     "found" },
	{ WIRE_PREFLIGHT, "PREFLIGHT", IN(READY), true, FROM_FIRST,
	  hear_preflight, .record = &findings_report_record,
	  .meaning = "coordinator: what was found, as in preflight.json (to "
		     "more than 64 machines: `status` and `summary`)" },
	{ WIRE_PACE, "PACE", PACING, true, FROM_MEMBER, hear_watch,
	  .record = &pace_record,
	  .meaning = "a trainer's line with its rank: how long it computes" },
	{ WIRE_FORECAST, "FORECAST", PACING, true, FROM_FIRST, hear_watch,
	  .record = &forecast_record,
	  .meaning = "what the network costs a step" },
	{ WIRE_LEDGER, "LEDGER", IN(RUN), true, FROM_ANYONE, hear_watch,
	  .record = &ledger_record, .list = true,
	  .meaning = "means of the trainers here over `--ledger` steps, to "
		     "the first machine" },
	{ WIRE_STOPPED, "STOPPED", IN(RUN), true, FROM_MEMBER, hear_watch,
	  .record = &stopped_record,
	  .meaning = "a trainer of a foreign program here was stopped for "
		     "`--stall`, or goes on" },
	/* Also in STOP: who began to end first is asked there. */
	{ WIRE_ENDING, "ENDING", ALWAYS, true, FROM_ANYONE, hear_ending,
	  .record = &ending_record,
	  .meaning = "a trainer here has begun to end: told to the first "
		     "machine before its status is known" },
	{ WIRE_PAUSE, "PAUSE", ALWAYS, false, FROM_ANYONE, hear_pause,
	  .record = &pause_record,
	  .meaning = "its user stopped it with Ctrl-Z, or it goes on" },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))
_Static_assert(ROWS == WIRE_TYPES - 1, "a frame has no row");

const struct frame_row *frames_find(int type)
{
	for (size_t i = 0; i < ROWS; i++)
		if ((int)rows[i].type == type)
			return &rows[i];
	return NULL;
}

/* A machine that takes no part has no seat (-1), and is nobody but "anyone". */
static bool comes_from(const struct fleet *fleet, int host,
		       enum frame_from from)
{
	int seat = seat_of(fleet, host);

	return from == FROM_ANYONE || (from == FROM_MEMBER && seat >= 0) ||
	       (from == FROM_FIRST && seat == 0);
}

static bool counts(const struct fleet *fleet, int host,
		   const struct frame_row *r, const struct wire_frame *frame)
{
	return (r->states & (1U << fleet->state)) &&
	       (!r->this_attempt || (int)frame->attempt == fleet->attempt) &&
	       comes_from(fleet, host, r->from);
}

void frames_heard(struct fleet *fleet, int host, const struct wire_frame *frame)
{
	const struct frame_row *r = frames_find(frame->type);
	struct fl_err err = FL_ERR_INIT;
	struct json *o = NULL;

	if (!r || !r->hear)
		return;
	/* Read before it is judged: a frame that cannot be read is told even if
	 * late. */
	if (r->record || r->json) {
		o = json_parse((const char *)frame->data, frame->size,
			       "a frame", &err);
		if (!o) {
			fl_warn("%s sent what cannot be read: %s",
				fleet_host(fleet, host), err.text);
			return;
		}
	}
	if (counts(fleet, host, r, frame))
		r->hear(fleet, host, frame, o);
	json_free(o);
}

/* --- the tables for people --- */

/* The names in the order of enum fleet_state. */
static void print_states(const struct frame_row *r, FILE *out)
{
	static const char *const names[] = { "WAIT", "PREPARE", "READY",
					     "RUN",  "DONE",	"STOP" };
	const char *before = "";

	if (!r->hear) {
		fprintf(out, "taken by the link");
		return;
	}
	if (r->states == BUSY)
		fprintf(out, "but in WAIT");
	else if (r->states == ALWAYS)
		fprintf(out, "always");
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		if (r->states != BUSY && r->states != ALWAYS &&
		    (r->states & (1U << i))) {
			fprintf(out, "%s%s", before, names[i]);
			before = ", ";
		}
	if (r->this_attempt)
		fprintf(out, "; of this attempt");
	if (r->from != FROM_ANYONE)
		fprintf(out, "; from %s",
			r->from == FROM_FIRST ? "the first" : "members");
}

static void print_payload(const struct frame_row *r, FILE *out)
{
	struct fl_str keys = FL_STR_INIT;

	if (r->record)
		record_keys(r->record, &keys);
	if (r->record)
		fprintf(out, "JSON%s %s",
			r->list ? ", one object a trainer:" : "",
			fl_str_get(&keys));
	else
		fprintf(out, "%s%s", r->json ? "JSON, " : "",
			r->words ? r->words : "–");
	fl_str_release(&keys);
}

static void print_lines(FILE *out)
{
	fprintf(out, "| line | from | meaning |\n|---|---|---|\n");
	for (int i = 0; i < AGENT_EVENTS; i++) {
		const struct agent_line *l = &agent_lines[i];
		struct fl_str keys = FL_STR_INIT;

		if (l->record)
			record_keys(l->record, &keys);
		fprintf(out, "| `\"event\":\"%s\"`%s%s | %s | %s |\n", l->event,
			keys.len ? " with " : "", fl_str_get(&keys), l->from,
			l->meaning);
		fl_str_release(&keys);
	}
}

void frames_print(FILE *out)
{
	print_lines(out);
	fprintf(out, "\n| type | payload | counts | meaning |\n"
		     "|---|---|---|---|\n");
	for (size_t i = 0; i < ROWS; i++) {
		const struct frame_row *r = &rows[i];

		fprintf(out, "| %d %s | ", (int)r->type, r->name);
		print_payload(r, out);
		fprintf(out, " | ");
		print_states(r, out);
		fprintf(out, " | %s |\n", r->meaning);
	}
}

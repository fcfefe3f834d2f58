/* fault.c - reports of faults, and how people read them.
 *
 * Reports are made by fleet.c (trainers, machines), prepare.c (this agent) and
 * the watches; fleet/verdict.c picks the first and prints the verdict. Twenty
 * lines of a log are what fits beside it on a console.
 */
#include "launch/job/fault.h"
#include "launch/plan/roles.h"

#include "base/file.h"
#include "base/log.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#define TAIL_LINES 20
#define TAIL_BYTES 8192 /* of a log whose lines have no end */

enum {
	OF_TRAINER = 1,
	OF_STALL = 2
};

/* A trainer's report has all keys though most are empty: who reads fault.json
 * need not ask which are there. */
static const struct field fault_rows[] = {
	FIELD(TEXT, struct fault, kind, "kind"),
	FIELD(INT, struct fault, rank, "rank", .absent = -1,
	      .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, name, "name", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, host, "host"),
	FIELD(INT, struct fault, device, "device", .forms = OF_TRAINER),
	FIELD(INT, struct fault, status, "status"),
	FIELD(INT, struct fault, signal, "signal", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, end, "end"),
	FIELD(BOOL, struct fault, aborted, "aborted", .forms = OF_TRAINER),
	FIELD(BOOL, struct fault, memory, "memory", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, said, "fault", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, phase, "phase", .forms = OF_TRAINER),
	FIELD(LONG, struct fault, step, "step", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, log, "log", .forms = OF_TRAINER),
	FIELD(TEXT, struct fault, tail, "tail", .forms = OF_TRAINER),
	FIELD(BOOL, struct fault, final, "final", .forms = OF_STALL),
	FIELD(BOOL, struct fault, speaks, "ours",
	      .forms = OF_TRAINER | OF_STALL),
};
const struct record fault_record = RECORD(struct fault, fault_rows);

static const struct field verdict_rows[] = {
	FIELD(JSON, struct verdict, fault, "fault", .of = &fault_record),
	FIELD(JSON, struct verdict, others, "others", .forms = VERDICT_JUDGED),
	FIELD(INT, struct verdict, code, "code"),
	FIELD(TEXT, struct verdict, key, "key", .forms = VERDICT_JUDGED),
	FIELD(LONG, struct verdict, step, "step", .forms = VERDICT_JUDGED),
	FIELD(BOOL, struct verdict, restart, "restart"),
	FIELD(INT, struct verdict, restarts, "restarts"),
	FIELD(TEXT, struct verdict, note, "note", .forms = VERDICT_JUDGED),
};
const struct record verdict_record = RECORD(struct verdict, verdict_rows);

/* Whether the system killed it for want of memory, as far as its counters
 * tell: those of the control group know its processes, the machine's only that
 * some process was killed. */
static bool killed_for_memory(const struct trainer *t, char *buf, size_t size)
{
	struct fl_memory_kills now = fl_memory_kills();
	bool group = now.group > t->kills.group;
	bool memory = group || now.machine > t->kills.machine;
	char bound[64] = "the machine has no more";

	if (group && now.limit < INT64_MAX)
		snprintf(bound, sizeof(bound),
			 "its control group may use %.0f MiB",
			 (double)now.limit / 0x1p20);
	if (memory)
		snprintf(buf, size,
			 "was killed by signal 9 (SIGKILL), %s the system for "
			 "want of memory: %s; smaller batches or fewer "
			 "trainers on this machine need less",
			 group ? "by" : "most likely by", bound);
	else
		snprintf(buf, size,
			 "was killed by signal 9 (SIGKILL): by someone%s",
			 now.machine < 0 ? ", or by the system for want of "
					   "memory (dmesg tells)"
					 : ", not for want of memory");
	return memory;
}

/* True: it was killed for want of memory. */
static bool tell_end(const struct trainer *t, char *buf, size_t size)
{
	int number = WIFSIGNALED(t->wait_status) ? WTERMSIG(t->wait_status) : 0;

	if (number == SIGKILL)
		return killed_for_memory(t, buf, size);
	if (number)
		snprintf(buf, size, "was ended by signal %d (%s)", number,
			 strsignal(number));
	else
		snprintf(buf, size, "ended with exit status %d",
			 WEXITSTATUS(t->wait_status));
	return false;
}

/* The last lines of its log into out, in order. */
static void tail_of(const char *path, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map map;
	size_t at, least;
	int lines = 0;

	if (fl_map_open(&map, path, &err) != 0)
		return;
	at = map.size;
	least = at > TAIL_BYTES ? at - TAIL_BYTES : 0;
	/* The last line's own line feed counts, so it takes one more than the
	 * lines that are shown to find where the first begins. */
	while (at > least && lines <= TAIL_LINES)
		lines += map.data[--at] == '\n';
	if (lines > TAIL_LINES)
		at++;
	fl_str_addn(out, map.data + at, map.size - at);
	fl_map_close(&map);
}

static int device_of(const struct layout *l, const struct trainer *t)
{
	return layout_own(l)->devices[t->local];
}

/* The record borrows end, name and tail, which live here: it is written before
 * they go. */
struct json *fault_of_trainer(const struct launch_plan *plan,
			      const struct layout *layout,
			      const struct trainer *t, const char *why,
			      int status)
{
	const struct agent_status *page = t->status;
	bool killed = !why && WIFSIGNALED(t->wait_status);
	struct fl_str tail = FL_STR_INIT;
	char end[320], name[32];
	struct json *o;
	struct fault x = { .kind = FAULT_TRAINER_KIND,
			   .rank = t->rank,
			   .name = name,
			   .host = hosts_own(&plan->hosts),
			   .device = device_of(layout, t),
			   .status = status,
			   .signal = killed ? WTERMSIG(t->wait_status) : 0,
			   .end = end,
			   .aborted = t->aborted,
			   .said = t->fault,
			   .phase = page ? page->phase : "",
			   .step = page ? page->step : 0,
			   .log = t->log_path,
			   .speaks = t->speaks };

	if (why)
		snprintf(end, sizeof(end), "%s", why);
	else
		x.memory = tell_end(t, end, sizeof(end));
	launch_rank_name(plan, t->rank, name, sizeof(name));
	tail_of(t->log_path, &tail);
	x.tail = fl_str_get(&tail);
	o = record_write(&fault_record, &x, OF_TRAINER);
	fl_str_release(&tail);
	return o;
}

struct json *fault_of_machine(const char *kind, const char *host,
			      const char *end, enum fl_code code)
{
	struct fault x = { .kind = kind,
			   .host = host,
			   .status = fl_exit_status(code),
			   .end = end };

	return record_write(&fault_record, &x, 0);
}

struct json *fault_of_stall(const char *end, bool final)
{
	struct fault x = { .kind = "stall",
			   .host = "the job",
			   .status = fl_exit_status(FL_ESTALL),
			   .end = end,
			   .final = final,
			   .speaks = true };

	return record_write(&fault_record, &x, OF_STALL);
}

/* A page whose version is 0 belongs to a program that does not write it. */
bool fault_where(const struct launch_plan *plan, const struct layout *layout,
		 const struct trainer *t, struct fl_str *out)
{
	const struct agent_status *s = t->status;

	if (!s || !s->version || !*s->phase || t->ended)
		return false;
	/* The trainer may be writing its phase: a torn one ends with the
	 * field. */
	fl_str_addf(out, "rank %d (%s, device %d) was in '%.31s' of step %lld",
		    t->rank, hosts_own(&plan->hosts), device_of(layout, t),
		    s->phase, (long long)s->step);
	return true;
}

bool fault_is_of_trainer(const struct fault *fault)
{
	return strcmp(fault->kind, FAULT_TRAINER_KIND) == 0;
}

/* A trainer that was killed from outside may well live next time: such a fault
 * never counts as the same one again. A kill for want of memory does, for the
 * next attempt needs as much. */
void fault_key(const struct fault *fault, struct fl_str *out)
{
	bool chance = fault->signal == SIGKILL && !fault->memory;

	if (fault_is_of_trainer(fault) && !chance && fault->signal != SIGTERM &&
	    fault->signal != SIGINT)
		fl_str_addf(out, "%d %s %s", fault->rank, fault->end,
			    fault->said);
}

void fault_line(const struct fault *fault, struct fl_str *out)
{
	if (fault_is_of_trainer(fault))
		fl_str_addf(out, "%s (%s, device %d) %s", fault->name,
			    fault->host, fault->device, fault->end);
	else
		fl_str_addf(out, "%s %s", fault->host, fault->end);
}

/* A program's own sentence says more than the end of its log. The device of a
 * server or a worker is only its place on the machine (plan/roles.c), and is
 * left out. */
static void print_trainer(const struct fault *fault)
{
	if (strncmp(fault->name, "rank", 4) == 0)
		fl_error("first fault: %s (%s, device %d) %s", fault->name,
			 fault->host, fault->device, fault->end);
	else
		fl_error("first fault: %s (%s) %s", fault->name, fault->host,
			 fault->end);
	if (*fault->said) {
		fl_error("  it said: %s", fault->said);
	} else if (*fault->tail) {
		fl_error("  the end of %s:", fault->log);
		fputs(fault->tail, stderr);
	}
}

void verdict_print(const struct json *verdict, const char *log_dir)
{
	struct fl_err err = FL_ERR_INIT;
	struct verdict v;
	struct fault fault;
	char path[4096];

	record_read(&verdict_record, verdict, &v);
	record_read(&fault_record, v.fault, &fault);
	if (fault_is_of_trainer(&fault))
		print_trainer(&fault);
	else
		fl_error("first fault: %s %s", fault.host, fault.end);
	for (size_t i = 0; i < json_count(v.others); i++) {
		const char *line = "";

		json_text(json_at(v.others, i), &line);
		fl_error("  %s", line);
	}
	if (*v.note)
		fl_info("%s", v.note);
	/* A folder that cannot be written must not hide the fault: it is on the
	 * console by now. */
	if (fl_join(path, sizeof(path), log_dir, "fault.json", &err) != 0 ||
	    json_write(verdict, path, &err) != 0)
		fl_warn("%s", err.text);
}

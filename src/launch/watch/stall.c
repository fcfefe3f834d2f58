/* stall.c - when nothing moves: which rank the others wait for.
 *
 * Trainers that know the protocol post step, phase and the number of the last
 * collective operation. When all of a machine's have stood still for --stall
 * seconds it tells the others where each of them is; when all machines have,
 * every console names the ranks that are in no collective (or in an earlier one
 * than the rest), and the stacks of those are written to their logs.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

struct watch {
	int64_t step, collective, beat;
	char phase[32];
	double since; /* it has not moved */
};

struct stall {
	struct watch watches[LAUNCH_MAX_TRAINERS];
	struct json **lines; /* of each seat; NULL: it moves */
	bool told;
};

void stall_end(struct fleet *f)
{
	struct stall *s = f->stall;

	for (int i = 0; s && i < f->layout.count; i++)
		json_free(s->lines[i]);
	if (s)
		free(s->lines);
	free(s);
	f->stall = NULL;
}

void stall_begin(struct fleet *f)
{
	stall_end(f);
	if (f->options->stall <= 0)
		return;
	f->stall = fl_calloc(1, sizeof(*f->stall));
	f->stall->lines =
		fl_calloc((size_t)f->layout.count, sizeof(struct json *));
	for (int i = 0; i < LAUNCH_MAX_TRAINERS; i++)
		f->stall->watches[i].since = fl_now_s();
}

/* Seconds for which a trainer has stood still; 0 for one that tells nothing. */
static double look(struct watch *w, const struct trainer *t, double now)
{
	struct agent_status *s = t->status;
	struct watch is = { .since = now };

	if (!t->ours || t->ended || !s)
		return 0;
	is.step = s->step;
	is.collective = atomic_load(&s->collective);
	is.beat = atomic_load(&s->beat);
	snprintf(is.phase, sizeof(is.phase), "%.31s", s->phase);
	if (is.step != w->step || is.collective != w->collective ||
	    is.beat != w->beat || strcmp(is.phase, w->phase) != 0)
		*w = is;
	return now - w->since;
}

/* "T (stopped)" of /proc/<pid>/stat; "" where nobody may know. */
static void process_state(pid_t pid, char *buf, size_t size)
{
	char path[64], text[512];
	const char *p = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	f = fopen(path, "re");
	if (f && fgets(text, sizeof(text), f))
		p = strrchr(text, ')');
	if (f)
		fclose(f);
	*buf = '\0';
	if (!p || !p[1])
		return;
	if (p[2] == 'T')
		snprintf(
			buf, size,
			"; its process is stopped (kill -CONT %d there lets it go on)",
			(int)pid);
	else if (p[2] == 'D')
		snprintf(buf, size,
			 "; its process waits for a disk or the kernel");
}

static struct json *describe(const struct fleet *f)
{
	struct json *lines = json_new_array();

	for (int i = 0; i < f->job.started; i++) {
		const struct trainer *t = &f->job.trainers[i];
		struct json *o = json_new_object();
		char state[96];

		process_state(t->pid, state, sizeof(state));
		json_set_int(o, "rank", t->rank);
		json_set_int(o, "device", layout_own(&f->layout)->devices[i]);
		json_set_int(o, "step", t->status->step);
		json_set_text(o, "phase", t->status->phase);
		json_set_int(o, "collective",
			     atomic_load(&t->status->collective));
		json_set_bool(o, "inside", atomic_load(&t->status->inside) > 0);
		json_set_text(o, "state", state);
		json_add(lines, o);
	}
	return lines;
}

/* In a collective, and able to go on with it: not one that was stopped there. */
static bool is_inside(const struct json *o)
{
	const char *state = "";
	bool v = false;

	json_bool(json_get(o, "inside"), &v);
	json_text(json_get(o, "state"), &state);
	return v && *state == '\0';
}

/* Who is waited for: in no collective; where all are in one, the earliest. */
static bool is_late(const struct json *o, bool outside, int64_t least)
{
	return outside ? !is_inside(o)
		       : json_int_or(o, "collective", 0) == least;
}

static void write_stack(const struct fleet *f, int64_t rank)
{
	for (int i = 0; i < f->job.started; i++)
		if (f->job.trainers[i].rank == rank &&
		    !f->job.trainers[i].ended)
			syscall(SYS_tgkill, f->job.trainers[i].pid,
				f->job.trainers[i].pid, SIGUSR2);
}

static void add_late(struct fleet *f, int seat, const struct json *o,
		     struct fl_str *text)
{
	const char *phase = "", *state = "";

	json_text(json_get(o, "phase"), &phase);
	json_text(json_get(o, "state"), &state);
	fl_str_addf(text,
		    "%srank %lld (%s, device %lld) is in '%s' of step %lld%s",
		    text->len ? ", " : "", (long long)json_int_or(o, "rank", 0),
		    fleet_host(f, f->layout.list[seat].host),
		    (long long)json_int_or(o, "device", 0), phase,
		    (long long)json_int_or(o, "step", 0), state);
	write_stack(f, json_int_or(o, "rank", 0));
}

/* The coordinator acts for all. */
void stall_follow_policy(struct fleet *f, const char *text)
{
	const char *policy = f->options->stall_policy;
	struct fl_str end = FL_STR_INIT;
	struct json *fault;

	if (strcmp(policy, "wait") == 0 || !fleet_decides(f))
		return;
	fl_str_addf(&end, "stands still: %s", text);
	fault = fault_of_machine("stall", "the job", fl_str_get(&end), 8);
	fl_str_release(&end);
	json_set_bool(fault, "final", strcmp(policy, "abort") == 0);
	json_set_bool(fault, "ours", true);
	verdict_report(f, fault);
}

/* The same sentence on every machine, for all know the same. */
static void report(struct fleet *f)
{
	struct stall *s = f->stall;
	struct fl_str text = FL_STR_INIT;
	int64_t least = INT64_MAX, most = 0;
	bool outside = false;
	int waiting = 0;

	for (int i = 0; i < f->layout.count; i++)
		for (size_t k = 0; k < json_count(s->lines[i]); k++) {
			const struct json *o = json_at(s->lines[i], k);
			int64_t n = json_int_or(o, "collective", 0);

			outside |= !is_inside(o);
			least = n < least ? n : least;
			most = n > most ? n : most;
		}
	for (int i = 0; i < f->layout.count; i++)
		for (size_t k = 0; k < json_count(s->lines[i]); k++) {
			const struct json *o = json_at(s->lines[i], k);

			if (is_late(o, outside, least))
				add_late(f, i, o, &text);
			else
				waiting++;
		}
	if (waiting)
		fl_str_addf(&text, "; %d other%s wait%s in collective %lld",
			    waiting, waiting == 1 ? "" : "s",
			    waiting == 1 ? "s" : "", (long long)most);
	fl_warn("nothing has moved for %g s: %s (stacks are in the workerlogs)",
		f->options->stall, fl_str_get(&text));
	s->told = true;
	stall_follow_policy(f, fl_str_get(&text));
	fl_str_release(&text);
}

void stall_take(struct fleet *f, int seat, const struct json *lines)
{
	struct stall *s = f->stall;

	if (!s)
		return;
	json_free(s->lines[seat]);
	s->lines[seat] = json_count(lines) ? fleet_copy(lines) : NULL;
	s->told &= s->lines[seat] != NULL;
}

static void tell(struct fleet *f, bool still)
{
	struct json *lines = still ? describe(f) : json_new_array();

	stall_take(f, f->layout.self, lines);
	peers_tell(f->peers, WIRE_STALL, (uint32_t)f->attempt, lines);
	json_free(lines);
}

void stall_turn(struct fleet *f)
{
	struct stall *s = f->stall;
	double now = fl_now_s(), least = 1e9;
	bool all = true;

	if (!s || f->job.started == 0)
		return;
	for (int i = 0; i < f->job.started; i++) {
		double still = look(&s->watches[i], &f->job.trainers[i], now);

		least = still < least ? still : least;
	}
	if ((least >= f->options->stall) != (s->lines[f->layout.self] != NULL))
		tell(f, least >= f->options->stall);
	for (int i = 0; i < f->layout.count; i++)
		all &= s->lines[i] != NULL;
	if (all && !s->told)
		report(f);
}

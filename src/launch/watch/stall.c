/* stall.c - when nothing moves: which rank the others wait for.
 *
 * Trainers that know the protocol post step, phase and the number of the last
 * collective operation. When all of a machine's have stood still for --stall
 * seconds it tells the others where each of them is; when all machines have,
 * every console names the ranks that are in no collective (or in an earlier one
 * than the rest), and the stacks of those are written to their logs.
 */
#include "launch/watch/watch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where a trainer is. */
struct stall_line {
	int rank, device;
	int64_t step;
	const char *phase;
	int64_t collective; /* number of the last one entered */
	bool inside;	    /* it is in one now */
	const char *state;  /* of its process, where that is the reason */
};

static const struct field stall_rows[] = {
	FIELD(INT, struct stall_line, rank, "rank"),
	FIELD(INT, struct stall_line, device, "device"),
	FIELD(LONG, struct stall_line, step, "step"),
	FIELD(TEXT, struct stall_line, phase, "phase"),
	FIELD(LONG, struct stall_line, collective, "collective"),
	FIELD(BOOL, struct stall_line, inside, "inside"),
	FIELD(TEXT, struct stall_line, state, "state"),
};
const struct record stall_record = RECORD(struct stall_line, stall_rows);

/* What was seen of a trainer of this machine. */
struct seen {
	int64_t step, collective, beat;
	char phase[32];
	double since; /* it has not moved */
};

struct stall {
	const struct attempt *a;
	struct seen seen[LAUNCH_MAX_TRAINERS];
	struct json **lines; /* of each seat; NULL: it moves */
	int seats;
	bool told;
};

static void forget(struct stall *s)
{
	for (int i = 0; i < s->seats; i++) {
		json_free(s->lines[i]);
		s->lines[i] = NULL;
	}
	s->told = false;
}

/* Also when the job goes on after a pause: all of it begins anew. */
static void stall_again(void *watch)
{
	struct stall *s = watch;
	double now = fl_now_s();

	forget(s);
	memset(s->seen, 0, sizeof(s->seen));
	for (int i = 0; i < LAUNCH_MAX_TRAINERS; i++)
		s->seen[i].since = now;
}

static void *stall_begin(const struct attempt *a)
{
	struct stall *s;

	if (a->options->stall <= 0)
		return NULL;
	s = fl_calloc(1, sizeof(*s));
	s->a = a;
	s->seats = a->layout->count;
	s->lines = fl_calloc((size_t)s->seats, sizeof(struct json *));
	stall_again(s);
	return s;
}

static void stall_end(void *watch)
{
	struct stall *s = watch;

	forget(s);
	free(s->lines);
	free(s);
}

/* Seconds for which a trainer has stood still; 0 for one that tells nothing.
 * Any of the four that changes is movement: a long evaluation beats within its
 * phase. */
static double look(struct seen *w, const struct trainer *t, double now)
{
	struct agent_status *s = t->status;
	struct seen is = { .since = now };

	if (!t->speaks || t->ended || !s)
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
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	file = fopen(path, "re");
	if (file && fgets(text, sizeof(text), file))
		p = strrchr(text, ')');
	if (file)
		fclose(file);
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

/* Where this machine's trainers are. */
static struct json *write_lines(const struct stall *s)
{
	const struct job *job = s->a->job;
	struct json *lines = json_new_array();

	for (int i = 0; i < job->started; i++) {
		const struct trainer *t = &job->trainers[i];
		char state[96];
		struct stall_line l = {
			.rank = t->rank,
			.device = attempt_device_of(s->a, t->rank),
			.step = t->status->step,
			.phase = t->status->phase,
			.collective = atomic_load(&t->status->collective),
			.inside = atomic_load(&t->status->inside) > 0,
			.state = state
		};

		process_state(t->pid, state, sizeof(state));
		json_add(lines, record_write(&stall_record, &l, 0));
	}
	return lines;
}

/* In a collective, and able to go on with it: not one that was stopped there. */
static bool is_inside(const struct stall_line *l)
{
	return l->inside && !*l->state;
}

/* To the process, not to a thread of it: the trainer's thread for signals takes
 * it and asks the one that trains. */
static void write_stack(const struct stall *s, int rank)
{
	const struct job *job = s->a->job;

	for (int i = 0; i < job->started; i++)
		if (job->trainers[i].rank == rank && !job->trainers[i].ended)
			kill(job->trainers[i].pid, SIGUSR2);
}

static void add_late(const struct stall *s, int seat,
		     const struct stall_line *l, struct fl_str *text)
{
	fl_str_addf(text, "%srank %d (%s, device %d) is in '%s' of step %lld%s",
		    text->len ? ", " : "", l->rank, attempt_host(s->a, seat),
		    l->device, l->phase, (long long)l->step, l->state);
	write_stack(s, l->rank);
}

/* What all ranks together are at. */
struct summary {
	int64_t least, most; /* collectives */
	bool outside;	     /* one of them is in none */
};

static struct summary sum_up(const struct stall *s)
{
	struct summary sum = { INT64_MAX, 0, false };

	for (int i = 0; i < s->seats; i++)
		for (size_t k = 0; k < json_count(s->lines[i]); k++) {
			struct stall_line l;

			record_read(&stall_record, json_at(s->lines[i], k), &l);
			sum.outside |= !is_inside(&l);
			if (l.collective < sum.least)
				sum.least = l.collective;
			if (l.collective > sum.most)
				sum.most = l.collective;
		}
	return sum;
}

/* Who is waited for: in no collective; where all are in one, the earliest. */
static bool is_late(const struct stall_line *l, const struct summary *sum)
{
	return sum->outside ? !is_inside(l) : l->collective == sum->least;
}

/* The same sentence on every machine, for all know the same. */
static void report(struct stall *s)
{
	struct summary sum = sum_up(s);
	struct fl_str text = FL_STR_INIT;
	int waiting = 0;

	for (int i = 0; i < s->seats; i++)
		for (size_t k = 0; k < json_count(s->lines[i]); k++) {
			struct stall_line l;

			record_read(&stall_record, json_at(s->lines[i], k), &l);
			if (is_late(&l, &sum))
				add_late(s, i, &l, &text);
			else
				waiting++;
		}
	if (waiting)
		fl_str_addf(&text, "; %d other%s wait%s in collective %lld",
			    waiting, waiting == 1 ? "" : "s",
			    waiting == 1 ? "s" : "", (long long)sum.most);
	fl_warn("nothing has moved for %g s: %s (stacks are in the workerlogs)",
		s->a->options->stall, fl_str_get(&text));
	s->told = true;
	attempt_stalled(s->a, fl_str_get(&text));
	fl_str_release(&text);
}

static void hear_lines(struct stall *s, int seat, const struct json *lines)
{
	json_free(s->lines[seat]);
	s->lines[seat] = json_count(lines) ? json_clone(lines) : NULL;
	s->told &= s->lines[seat] != NULL;
}

static void stall_heard(void *watch, int seat, enum wire_type type,
			const struct json *o)
{
	if (type == WIRE_STALL)
		hear_lines(watch, seat, o);
}

/* No lines: something moves here again. */
static void tell(struct stall *s, bool still)
{
	struct json *lines = still ? write_lines(s) : json_new_array();

	hear_lines(s, s->a->layout->self, lines);
	post_to_all(s->a->post, WIRE_STALL, lines);
	json_free(lines);
}

static void stall_turn(void *watch)
{
	struct stall *s = watch;
	const struct job *job = s->a->job;
	double now = fl_now_s(), least = 1e9, limit = s->a->options->stall;
	bool all = true;

	if (job->started == 0)
		return;
	for (int i = 0; i < job->started; i++) {
		double still = look(&s->seen[i], &job->trainers[i], now);

		least = still < least ? still : least;
	}
	if ((least >= limit) != (s->lines[s->a->layout->self] != NULL))
		tell(s, least >= limit);
	for (int i = 0; i < s->seats; i++)
		all &= s->lines[i] != NULL;
	if (all && !s->told)
		report(s);
}

const struct watch watch_stall = { .name = "stall",
				   .begin = stall_begin,
				   .end = stall_end,
				   .turn = stall_turn,
				   .heard = stall_heard,
				   .again = stall_again };

/* stopped.c - trainers that the system has stopped, of whatever program.
 *
 * stall.c sees where trainers stand that know the protocol. Other programs tell
 * nothing, but a process that was stopped (SIGSTOP, a debugger, a terminal)
 * shows in /proc. One that is so for --stall seconds is named on every console,
 * with what wakes it; --stall_policy restart and abort end the job as a stall
 * does. A look passes over all of /proc, so there are only four within --stall.
 */
#include "launch/watch/watch.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "launch/job/group.h"
#include "launch/plan/roles.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOKS 4 /* within --stall */
#define LOOK_LEAST_S 0.5
#define LOOK_MOST_S 15.0

struct stopped_line {
	const char *text; /* for every console */
	bool goes_on;
};

static const struct field stopped_rows[] = {
	FIELD(TEXT, struct stopped_line, text, "text"),
	FIELD(BOOL, struct stopped_line, goes_on, "goes_on"),
};
const struct record stopped_record = RECORD(struct stopped_line, stopped_rows);

struct stopped {
	const struct attempt *a;
	struct group_look *looks; /* one a trainer of this machine */
	double *since;		  /* 0: it runs */
	bool *told;
	double next;
};

static void *stopped_begin(const struct attempt *a)
{
	size_t n = (size_t)layout_own(a->layout)->count;
	struct stopped *s;

	if (a->options->stall <= 0)
		return NULL;
	s = fl_calloc(1, sizeof(*s));
	s->a = a;
	s->looks = fl_calloc(n, sizeof(*s->looks));
	s->since = fl_calloc(n, sizeof(*s->since));
	s->told = fl_calloc(n, sizeof(*s->told));
	return s;
}

static void stopped_end(void *watch)
{
	struct stopped *s = watch;

	free(s->looks);
	free(s->since);
	free(s->told);
	free(s);
}

static void hear_line(const struct stopped *s, const struct json *o)
{
	struct stopped_line l;

	record_read(&stopped_record, o, &l);
	if (l.goes_on) {
		fl_info("%s", l.text);
		return;
	}
	fl_warn("%s", l.text);
	attempt_stalled(s->a, l.text);
}

static void stopped_heard(void *watch, int seat, enum wire_type type,
			  const struct json *o)
{
	(void)seat;
	if (type == WIRE_STOPPED)
		hear_line(watch, o);
}

/* Who it is, and what became of it. */
static void write_text(const struct stopped *s, int i, bool goes_on,
		       struct fl_str *out)
{
	const struct trainer *t = &s->a->job->trainers[i];
	const struct group_look *l = &s->looks[i];
	char name[32];

	launch_rank_name(s->a->plan, t->rank, name, sizeof(name));
	fl_str_addf(out, "%s (%s, device %d, pid %d) ", name,
		    hosts_own(&s->a->plan->hosts),
		    attempt_device_of(s->a, t->rank), (int)t->pid);
	if (goes_on)
		fl_str_add(out, "goes on");
	else if (l->how == 't')
		fl_str_addf(out, "is stopped by a debugger, process %d",
			    (int)l->stopped);
	else
		fl_str_addf(out,
			    "is stopped since %.0f s: kill -CONT %d on that "
			    "machine lets it go on",
			    fl_now_s() - s->since[i], (int)l->stopped);
}

/* In the same words on every machine. */
static void tell(struct stopped *s, int i, bool goes_on)
{
	struct fl_str text = FL_STR_INIT;
	struct json *o;

	write_text(s, i, goes_on, &text);
	o = record_write(&stopped_record,
			 &(struct stopped_line){ fl_str_get(&text), goes_on },
			 0);
	post_to_all(s->a->post, WIRE_STOPPED, o);
	s->told[i] = !goes_on;
	hear_line(s, o);
	fl_str_release(&text);
	json_free(o);
}

/* From the first look that saw it stopped: --stall counts from there. */
static void judge(struct stopped *s, int i, double now)
{
	if (s->looks[i].stopped == 0) {
		if (s->told[i])
			tell(s, i, true);
		s->since[i] = 0;
	} else if (s->since[i] == 0) {
		s->since[i] = now;
	} else if (now - s->since[i] >= s->a->options->stall && !s->told[i]) {
		tell(s, i, false);
	}
}

static void stopped_turn(void *watch)
{
	struct stopped *s = watch;
	const struct job *job = s->a->job;
	double now = fl_now_s(), every = s->a->options->stall / LOOKS;

	if (now < s->next)
		return;
	every = every < LOOK_LEAST_S ? LOOK_LEAST_S : every;
	s->next = now + (every > LOOK_MOST_S ? LOOK_MOST_S : every);
	for (int i = 0; i < job->started; i++) {
		const struct trainer *t = &job->trainers[i];
		bool skip = t->ended || t->speaks; /* stall.c tells more */

		s->looks[i] =
			(struct group_look){ .group = skip ? -1 : t->pid };
	}
	group_look(s->looks, job->started);
	/* until what was told ends the attempt */
	for (int i = 0; i < job->started && !job->asked; i++)
		judge(s, i, now);
}

const struct watch watch_stopped = { .name = "stopped",
				     .begin = stopped_begin,
				     .end = stopped_end,
				     .turn = stopped_turn,
				     .heard = stopped_heard };

/* stopped.c - trainers that the system has stopped, of whatever program.
 *
 * stall.c sees where trainers of ours stand. Other programs tell nothing, but a
 * process that was stopped (SIGSTOP, a debugger, a terminal) shows in /proc.
 * One that is so for --stall seconds is named on every console, with what wakes
 * it; --stall_policy restart and abort end the job as a stall does.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "launch/job/group.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOKS 4 /* within --stall */
#define LOOK_LEAST_S 0.5
#define LOOK_MOST_S 15.0

struct stopped {
	struct group_look *looks; /* one a trainer of this machine */
	double *since;		  /* 0: it runs */
	bool *told;
	double next;
};

void stopped_end(struct fleet *f)
{
	struct stopped *s = f->stopped;

	if (!s)
		return;
	free(s->looks);
	free(s->since);
	free(s->told);
	free(s);
	f->stopped = NULL;
}

void stopped_begin(struct fleet *f)
{
	size_t n = (size_t)layout_own(&f->layout)->count;
	struct stopped *s;

	stopped_end(f);
	if (f->options->stall <= 0)
		return;
	s = f->stopped = fl_calloc(1, sizeof(*s));
	s->looks = fl_calloc(n, sizeof(*s->looks));
	s->since = fl_calloc(n, sizeof(*s->since));
	s->told = fl_calloc(n, sizeof(*s->told));
}

void stopped_take(struct fleet *f, const struct json *o)
{
	const char *text = json_text_or(o, "text", "");

	if (json_bool_or(o, "goes_on", false)) {
		fl_info("%s", text);
		return;
	}
	fl_warn("%s", text);
	stall_follow_policy(f, text);
}

/* In the same words on every machine. */
static void tell(struct fleet *f, int i, bool goes_on)
{
	const struct trainer *t = &f->job.trainers[i];
	const struct group_look *l = &f->stopped->looks[i];
	struct json *o = json_new_object();
	struct fl_str s = FL_STR_INIT;
	char name[32];

	launch_rank_name(f->plan, t->rank, name, sizeof(name));
	fl_str_addf(&s, "%s (%s, device %d, pid %d) ", name,
		    launch_host(f->plan), layout_own(&f->layout)->devices[i],
		    (int)t->pid);
	if (goes_on)
		fl_str_add(&s, "goes on");
	else if (l->how == 't')
		fl_str_addf(&s, "is stopped by a debugger, process %d",
			    (int)l->stopped);
	else
		fl_str_addf(&s,
			    "is stopped since %.0f s: kill -CONT %d on that "
			    "machine lets it go on",
			    fl_now_s() - f->stopped->since[i], (int)l->stopped);
	json_set_text(o, "text", fl_str_get(&s));
	json_set_bool(o, "goes_on", goes_on);
	peers_tell(f->peers, WIRE_STOPPED, (uint32_t)f->attempt, o);
	f->stopped->told[i] = !goes_on;
	stopped_take(f, o);
	fl_str_release(&s);
	json_free(o);
}

static void judge(struct fleet *f, int i, double now)
{
	struct stopped *s = f->stopped;

	if (s->looks[i].stopped == 0) {
		if (s->told[i])
			tell(f, i, true);
		s->since[i] = 0;
	} else if (s->since[i] == 0) {
		s->since[i] = now;
	} else if (now - s->since[i] >= f->options->stall && !s->told[i]) {
		tell(f, i, false);
	}
}

void stopped_turn(struct fleet *f)
{
	struct stopped *s = f->stopped;
	double now = fl_now_s(), every = f->options->stall / LOOKS;
	int count = f->job.started;

	if (!s || now < s->next)
		return;
	every = every < LOOK_LEAST_S ? LOOK_LEAST_S : every;
	s->next = now + (every > LOOK_MOST_S ? LOOK_MOST_S : every);
	for (int i = 0; i < count; i++) {
		const struct trainer *t = &f->job.trainers[i];

		/* of ours stall.c tells more */
		s->looks[i] = (struct group_look){ .group = t->ended || t->ours
								    ? -1
								    : t->pid };
	}
	group_look(s->looks, count);
	for (int i = 0; i < count && f->state == FLEET_RUN; i++)
		judge(f, i, now);
}

/* ledger.c - how each rank spends its steps, and who holds up the others.
 *
 * Trainers add up the time of their steps on their page. Every --ledger steps
 * an agent takes the means of its trainers, with what the system counts of
 * them, and sends them to the first machine. That one writes all ranks' into
 * <log_dir>/ledger.jsonl, and says a line when one of them is slow: once, until
 * it changes.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/measure/cpu_time.h"
#include "launch/measure/straggler.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WINDOWS 4 /* that may be incomplete at a time */
#define REMIND 20 /* windows after which the same is said again */
#define WARM_UP 3 /* first steps that do not count: memory is touched first */

/* Where a trainer of this machine was at the last look. */
struct look {
	bool begun;
	int64_t window;
	long long steps, step_us, data_us, wait_us;
	double at;
	struct cpu_time cpu;
};

/* The rows of all ranks over the same steps. */
struct window {
	int64_t number;
	int64_t step; /* the last one, of the run */
	int heard;
	bool *here;
	struct straggler_row *rows;
};

struct ledger {
	struct look looks[LAUNCH_MAX_TRAINERS];
	struct window windows[WINDOWS];
	FILE *file;
	struct straggler last; /* what was said */
	int again;	       /* windows since */
};

void ledger_end(struct fleet *f)
{
	struct ledger *l = f->ledger;

	if (!l)
		return;
	for (int i = 0; i < WINDOWS; i++) {
		free(l->windows[i].here);
		free(l->windows[i].rows);
	}
	if (l->file)
		fclose(l->file);
	free(l);
	f->ledger = NULL;
}

void ledger_begin(struct fleet *f)
{
	ledger_end(f);
	if (f->options->ledger <= 0 || f->layout.world < 2 || f->plan->roles)
		return;
	f->ledger = fl_calloc(1, sizeof(*f->ledger));
	for (int i = 0; i < WINDOWS; i++) {
		struct window *w = &f->ledger->windows[i];
		size_t n = (size_t)f->layout.world;

		w->number = -1;
		w->here = fl_calloc(n, sizeof(*w->here));
		w->rows = fl_calloc(n, sizeof(*w->rows));
	}
	f->ledger->last.which = -1;
}

/* Opened when there is something to write: foreign programs leave none. */
static FILE *file_of(struct fleet *f)
{
	struct ledger *l = f->ledger;
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (l->file)
		return l->file;
	if (fl_join(path, sizeof(path), f->options->log_dir, "ledger.jsonl",
		    &err) != 0)
		return NULL;
	l->file = fopen(path, f->attempt > 0 ? "ae" : "we");
	if (!l->file)
		fl_warn("cannot write '%s': %s", path, strerror(errno));
	return l->file;
}

static const char *host_of(const struct fleet *f, int rank)
{
	int seat = layout_seat_of(&f->layout, rank);

	return fleet_host(f, f->layout.list[seat].host);
}

static int device_of(const struct fleet *f, int rank)
{
	const struct layout_seat *s =
		&f->layout.list[layout_seat_of(&f->layout, rank)];

	return s->devices[rank - s->first];
}

static void set_ms(struct json *o, const char *key, double s)
{
	json_set_real(o, key, round(1e6 * s) / 1e3);
}

static struct json *describe(const struct fleet *f, int rank,
			     const struct straggler_row *r)
{
	struct json *o = json_new_object();

	json_set_int(o, "rank", rank);
	json_set_text(o, "host", host_of(f, rank));
	json_set_int(o, "device", device_of(f, rank));
	set_ms(o, "step_ms", r->step);
	set_ms(o, "compute_ms", (r->step - r->data - r->wait));
	set_ms(o, "data_ms", r->data);
	set_ms(o, "wait_ms", r->wait);
	set_ms(o, "on_core_ms", r->on_core);
	set_ms(o, "for_core_ms", r->for_core);
	set_ms(o, "throttled_ms", r->throttled);
	return o;
}

static void write_window(struct fleet *f, const struct window *w,
			 const struct straggler *s)
{
	struct json *o = json_new_object(), *ranks = json_new_array();
	struct fl_str text = FL_STR_INIT;
	FILE *file = file_of(f);

	json_set_int(o, "step", w->step);
	json_set_int(o, "attempt", f->attempt);
	for (int r = 0; r < f->layout.world; r++)
		json_add(ranks, describe(f, r, &w->rows[r]));
	json_set(o, "ranks", ranks);
	if (s->cause != STRAGGLER_NONE) {
		json_set_int(o, "slow", s->which);
		json_set_text(o, "cause", straggler_word(s->cause));
		set_ms(o, "costs_ms", s->costs);
	}
	json_print(o, 0, &text);
	if (file) {
		fprintf(file, "%s\n", fl_str_get(&text));
		fflush(file);
	}
	fl_str_release(&text);
	json_free(o);
}

/* A line when the slow one or its cause changes, and now and then again. */
static void say(struct fleet *f, const struct window *w,
		const struct straggler *s)
{
	struct ledger *l = f->ledger;
	struct fl_str why = FL_STR_INIT;
	bool same = s->cause == l->last.cause && s->which == l->last.which;
	double step = w->rows[s->which < 0 ? 0 : s->which].step;

	if (same && (s->cause == STRAGGLER_NONE || ++l->again < REMIND))
		return;
	l->last = *s;
	l->again = 0;
	if (s->cause == STRAGGLER_NONE) {
		fl_info("ledger: no rank holds up the others any more (step %lld)",
			(long long)w->step);
		return;
	}
	straggler_explain(s, &why);
	if (s->which < 0)
		fl_warn("ledger: all ranks alike lose %.0f%% of each %.1f ms step "
			"(to step %lld): %s",
			100 * s->costs / step, 1e3 * step, (long long)w->step,
			fl_str_get(&why));
	else
		fl_warn("ledger: rank %d (%s, device %d) holds up the others for "
			"%.1f ms of each %.1f ms step (to step %lld): %s",
			s->which, host_of(f, s->which), device_of(f, s->which),
			1e3 * s->costs, 1e3 * step, (long long)w->step,
			fl_str_get(&why));
	fl_str_release(&why);
}

/* Windows come in order from each rank, and ranks are a step apart at most: a
 * newer one takes the place of one that never became whole. */
static struct window *window_of(struct fleet *f, int64_t number)
{
	struct window *w = &f->ledger->windows[number % WINDOWS];

	if (w->number > number)
		return NULL;
	if (w->number < number) {
		memset(w->here, 0, (size_t)f->layout.world * sizeof(*w->here));
		w->number = number;
		w->heard = 0;
	}
	return w;
}

static void take_row(struct fleet *f, const struct json *o)
{
	int64_t number = json_int_or(o, "window", -1);
	int64_t rank = json_int_or(o, "rank", -1);
	struct window *w = number >= 0 ? window_of(f, number) : NULL;
	struct straggler s;

	if (!w || rank < 0 || rank >= f->layout.world || w->here[rank])
		return;
	w->here[rank] = true;
	w->step = json_int_or(o, "step", 0);
	w->rows[rank] =
		(struct straggler_row){ json_real_or(o, "step_s", 0),
					json_real_or(o, "data_s", 0),
					json_real_or(o, "wait_s", 0),
					json_real_or(o, "on_core_s", 0),
					json_real_or(o, "for_core_s", 0),
					json_real_or(o, "throttled_s", 0) };
	if (++w->heard < f->layout.world)
		return;
	straggler_find(w->rows, f->layout.world, f->layout.count > 1, &s);
	write_window(f, w, &s);
	say(f, w, &s);
}

void ledger_take(struct fleet *f, const struct json *rows)
{
	if (!f->ledger || !fleet_leads(f))
		return;
	for (size_t i = 0; i < json_count(rows); i++)
		take_row(f, json_at(rows, i));
}

static void look_at(const struct trainer *t, struct look *l)
{
	const struct agent_status *s = t->status;

	l->begun = true;
	l->steps = atomic_load(&s->steps);
	l->step_us = atomic_load(&s->step_us);
	l->data_us = atomic_load(&s->data_us);
	l->wait_us = atomic_load(&s->wait_us);
	l->at = fl_now_s();
	cpu_time_read(t->pid, &l->cpu);
}

/* The system's counts run on between steps (evaluation, checkpoints): so much
 * of them as of the time was spent in steps. */
static double scaled(double from, double to, double steps_s, double all_s,
		     double steps)
{
	double v = to > from ? to - from : 0;

	return all_s > steps_s ? v * steps_s / all_s / steps : v / steps;
}

static struct json *row_of(const struct trainer *t, const struct look *a,
			   const struct look *b)
{
	struct json *o = json_new_object();
	double n = (double)(b->steps - a->steps), all = b->at - a->at;
	double in_steps = 1e-6 * (double)(b->step_us - a->step_us);

	json_set_int(o, "window", a->window);
	json_set_int(o, "rank", t->rank);
	json_set_int(o, "step", t->status->step);
	json_set_real(o, "step_s", in_steps / n);
	json_set_real(o, "data_s",
		      1e-6 * (double)(b->data_us - a->data_us) / n);
	json_set_real(o, "wait_s",
		      1e-6 * (double)(b->wait_us - a->wait_us) / n);
	json_set_real(o, "on_core_s",
		      scaled(a->cpu.on_core, b->cpu.on_core, in_steps, all, n));
	json_set_real(
		o, "for_core_s",
		scaled(a->cpu.for_core, b->cpu.for_core, in_steps, all, n));
	json_set_real(
		o, "throttled_s",
		scaled(a->cpu.throttled, b->cpu.throttled, in_steps, all, n));
	return o;
}

void ledger_turn(struct fleet *f)
{
	struct json *rows = NULL;

	for (int i = 0; f->ledger && i < f->job.started; i++) {
		const struct trainer *t = &f->job.trainers[i];
		struct look *l = &f->ledger->looks[i], now;
		long long steps =
			t->status ? atomic_load(&t->status->steps) : 0;

		if (t->ended || steps < WARM_UP)
			continue;
		if (!l->begun)
			look_at(t, l);
		if (steps - l->steps < f->options->ledger)
			continue;
		look_at(t, &now);
		rows = rows ? rows : json_new_array();
		json_add(rows, row_of(t, l, &now));
		now.window = l->window + 1;
		*l = now;
	}
	if (rows)
		fleet_to_first(f, WIRE_LEDGER, rows, ledger_take);
}

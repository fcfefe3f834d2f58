/* ledger.c - how each rank spends its steps, and who holds up the others.
 *
 * Trainers add up the time of their steps on their page. Every --ledger steps
 * an agent takes the means of its trainers, with what the system counts of
 * them, and sends them to the machine of rank 0. That one writes all ranks' into
 * <log_dir>/ledger.jsonl, and says a line when one of them is slow: once, until
 * it changes.
 */
#include "launch/watch/watch.h"

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

/* A rank's means over the steps of a window. */
struct ledger_line {
	int64_t window;
	int rank;
	int64_t step; /* the last one, of the run */
	struct straggler_row row;
};

static const struct field ledger_rows[] = {
	FIELD(LONG, struct ledger_line, window, "window", .absent = -1),
	FIELD(INT, struct ledger_line, rank, "rank", .absent = -1),
	FIELD(LONG, struct ledger_line, step, "step"),
	FIELD(REAL, struct ledger_line, row.step, "step_s"),
	FIELD(REAL, struct ledger_line, row.data, "data_s"),
	FIELD(REAL, struct ledger_line, row.wait, "wait_s"),
	FIELD(REAL, struct ledger_line, row.on_core, "on_core_s"),
	FIELD(REAL, struct ledger_line, row.for_core, "for_core_s"),
	FIELD(REAL, struct ledger_line, row.throttled, "throttled_s"),
};
const struct record ledger_record = RECORD(struct ledger_line, ledger_rows);

/* Where a trainer of this machine was at the last look. */
struct look {
	bool begun;
	int64_t window;
	long long steps, step_us, data_us, wait_us;
	double at;
	struct cpu_time cpu;
};

/* The rows of all ranks over the same steps. Ranks meet in every step, so what
 * each has counted since its start is the same number of steps. */
struct window {
	int64_t number;
	int64_t step;
	int heard;
	bool *here;
	struct straggler_row *rows;
};

struct ledger {
	const struct attempt *a;
	int world;
	struct look looks[LAUNCH_MAX_TRAINERS];
	struct window windows[WINDOWS];
	FILE *file;
	struct straggler last; /* what was said */
	int again;	       /* windows since */
};

static void ledger_end(void *watch)
{
	struct ledger *l = watch;

	for (int i = 0; i < WINDOWS; i++) {
		free(l->windows[i].here);
		free(l->windows[i].rows);
	}
	if (l->file)
		fclose(l->file);
	free(l);
}

/* One rank holds up nobody, and servers wait by their nature. */
static void *ledger_begin(const struct attempt *a)
{
	size_t n = (size_t)a->layout->world;
	struct ledger *l;

	if (a->options->ledger <= 0 || n < 2 || a->plan->roles)
		return NULL;
	l = fl_calloc(1, sizeof(*l));
	l->a = a;
	l->world = a->layout->world;
	for (int i = 0; i < WINDOWS; i++) {
		struct window *w = &l->windows[i];

		w->number = -1;
		w->here = fl_calloc(n, sizeof(*w->here));
		w->rows = fl_calloc(n, sizeof(*w->rows));
	}
	l->last.which = -1;
	return l;
}

/* --- the file --- */

/* A rank in ledger.jsonl. */
struct ledger_entry {
	int rank;
	const char *host;
	int device;
	double step_ms, compute_ms, data_ms, wait_ms;
	double on_core_ms, for_core_ms, throttled_ms;
};

static const struct field entry_rows[] = {
	FIELD(INT, struct ledger_entry, rank, "rank"),
	FIELD(TEXT, struct ledger_entry, host, "host"),
	FIELD(INT, struct ledger_entry, device, "device"),
	FIELD(REAL, struct ledger_entry, step_ms, "step_ms"),
	FIELD(REAL, struct ledger_entry, compute_ms, "compute_ms"),
	FIELD(REAL, struct ledger_entry, data_ms, "data_ms"),
	FIELD(REAL, struct ledger_entry, wait_ms, "wait_ms"),
	FIELD(REAL, struct ledger_entry, on_core_ms, "on_core_ms"),
	FIELD(REAL, struct ledger_entry, for_core_ms, "for_core_ms"),
	FIELD(REAL, struct ledger_entry, throttled_ms, "throttled_ms"),
};
static const struct record entry_record =
	RECORD(struct ledger_entry, entry_rows);

/* A line of ledger.jsonl; the last three where somebody is slow. */
struct ledger_window {
	int64_t step;
	int attempt;
	const struct json *ranks;
	int slow;
	const char *cause;
	double costs_ms;
};

enum {
	WINDOW_SLOW = 1
};

static const struct field window_rows[] = {
	FIELD(LONG, struct ledger_window, step, "step"),
	FIELD(INT, struct ledger_window, attempt, "attempt"),
	FIELD(JSON, struct ledger_window, ranks, "ranks", .of = &entry_record),
	FIELD(INT, struct ledger_window, slow, "slow", .forms = WINDOW_SLOW),
	FIELD(TEXT, struct ledger_window, cause, "cause", .forms = WINDOW_SLOW),
	FIELD(REAL, struct ledger_window, costs_ms, "costs_ms",
	      .forms = WINDOW_SLOW),
};
static const struct record window_record =
	RECORD(struct ledger_window, window_rows);

/* Opened when there is something to write: foreign programs leave none. A later
 * attempt of the job goes on in the same file. */
static FILE *file_of(struct ledger *l)
{
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	if (l->file)
		return l->file;
	if (fl_join(path, sizeof(path), l->a->options->log_dir, "ledger.jsonl",
		    &err) != 0)
		return NULL;
	l->file = fopen(path, l->a->layout->attempt > 0 ? "ae" : "we");
	if (!l->file)
		fl_warn("cannot write '%s': %s", path, strerror(errno));
	return l->file;
}

/* To the microsecond. */
static double ms(double s)
{
	return round(1e6 * s) / 1e3;
}

static struct json *write_entry(const struct ledger *l, int rank,
				const struct straggler_row *r)
{
	struct ledger_entry e = { .rank = rank,
				  .host = attempt_host_of(l->a, rank),
				  .device = attempt_device_of(l->a, rank),
				  .step_ms = ms(r->step),
				  .compute_ms = ms(r->step - r->data - r->wait),
				  .data_ms = ms(r->data),
				  .wait_ms = ms(r->wait),
				  .on_core_ms = ms(r->on_core),
				  .for_core_ms = ms(r->for_core),
				  .throttled_ms = ms(r->throttled) };

	return record_write(&entry_record, &e, 0);
}

static void write_window(struct ledger *l, const struct window *w,
			 const struct straggler *s)
{
	struct json *ranks = json_new_array(), *o;
	struct fl_str text = FL_STR_INIT;
	FILE *file = file_of(l);
	struct ledger_window out = { .step = w->step,
				     .attempt = l->a->layout->attempt,
				     .ranks = ranks,
				     .slow = s->which,
				     .cause = straggler_word(s->cause),
				     .costs_ms = ms(s->costs) };

	for (int r = 0; r < l->world; r++)
		json_add(ranks, write_entry(l, r, &w->rows[r]));
	o = record_write(&window_record, &out,
			 s->cause != STRAGGLER_NONE ? WINDOW_SLOW : 0);
	json_print(o, 0, &text);
	if (file) {
		fprintf(file, "%s\n", fl_str_get(&text));
		/* People follow the file while the job runs. */
		fflush(file);
	}
	fl_str_release(&text);
	json_free(ranks);
	json_free(o);
}

/* --- the console --- */

/* A line when the slow one or its cause changes, and now and then again. */
static void say(struct ledger *l, const struct window *w,
		const struct straggler *s)
{
	struct fl_str why = FL_STR_INIT;
	bool same = s->cause == l->last.cause && s->which == l->last.which;
	/* All steps take as long, for ranks meet in each: any row will do. */
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
			s->which, attempt_host_of(l->a, s->which),
			attempt_device_of(l->a, s->which), 1e3 * s->costs,
			1e3 * step, (long long)w->step, fl_str_get(&why));
	fl_str_release(&why);
}

/* --- the machine of rank 0 --- */

/* Windows come in order from each rank, and ranks are a step apart at most: a
 * newer one takes the place of one that never became whole. */
static struct window *window_of(struct ledger *l, int64_t number)
{
	struct window *w = &l->windows[number % WINDOWS];

	if (w->number > number)
		return NULL;
	if (w->number < number) {
		memset(w->here, 0, (size_t)l->world * sizeof(*w->here));
		w->number = number;
		w->heard = 0;
	}
	return w;
}

static void hear_line(struct ledger *l, const struct json *o)
{
	struct ledger_line line;
	struct window *w;
	struct straggler s;

	record_read(&ledger_record, o, &line);
	w = line.window >= 0 ? window_of(l, line.window) : NULL;
	/* A rank is heard once a window, and only ranks of this attempt
	 * count. */
	if (!w || line.rank < 0 || line.rank >= l->world || w->here[line.rank])
		return;
	w->here[line.rank] = true;
	w->step = line.step;
	w->rows[line.rank] = line.row;
	if (++w->heard < l->world)
		return;
	straggler_find(w->rows, l->world, l->a->layout->count > 1, &s);
	write_window(l, w, &s);
	say(l, w, &s);
}

static void hear_lines(struct ledger *l, const struct json *lines)
{
	for (size_t i = 0; i < json_count(lines); i++)
		hear_line(l, json_at(lines, i));
}

static void ledger_heard(void *watch, int seat, enum wire_type type,
			 const struct json *o)
{
	struct ledger *l = watch;

	(void)seat;
	if (type == WIRE_LEDGER && post_leads(l->a->post))
		hear_lines(l, o);
}

/* --- every machine --- */

/* The counters go on while they are read, one after the other: a window of many
 * steps makes that small. */
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

/* Between two looks at a trainer. */
static struct json *write_line(const struct trainer *t, const struct look *a,
			       const struct look *b)
{
	double n = (double)(b->steps - a->steps), all = b->at - a->at;
	double in_steps = 1e-6 * (double)(b->step_us - a->step_us);
	const struct cpu_time *x = &a->cpu, *y = &b->cpu;
	struct ledger_line line = {
		.window = a->window,
		.rank = t->rank,
		.step = t->status->step,
		.row = { .step = in_steps / n,
			 .data = 1e-6 * (double)(b->data_us - a->data_us) / n,
			 .wait = 1e-6 * (double)(b->wait_us - a->wait_us) / n,
			 .on_core = scaled(x->on_core, y->on_core, in_steps,
					   all, n),
			 .for_core = scaled(x->for_core, y->for_core, in_steps,
					    all, n),
			 .throttled = scaled(x->throttled, y->throttled,
					     in_steps, all, n) }
	};

	return record_write(&ledger_record, &line, 0);
}

static void ledger_turn(void *watch)
{
	struct ledger *w = watch;
	const struct job *job = w->a->job;
	struct json *lines = NULL;

	for (int i = 0; i < job->started; i++) {
		const struct trainer *t = &job->trainers[i];
		struct look *l = &w->looks[i], now;
		long long steps =
			t->status ? atomic_load(&t->status->steps) : 0;

		/* A program that posts no steps never gets past this. */
		if (t->ended || steps < WARM_UP)
			continue;
		if (!l->begun)
			look_at(t, l);
		if (steps - l->steps < w->a->options->ledger)
			continue;
		look_at(t, &now);
		lines = lines ? lines : json_new_array();
		json_add(lines, write_line(t, l, &now));
		/* The end of one window is the beginning of the next: no step
		 * is left out. */
		now.window = l->window + 1;
		*l = now;
	}
	if (lines && !post_to_first(w->a->post, WIRE_LEDGER, lines))
		hear_lines(w, lines);
	json_free(lines);
}

const struct watch watch_ledger = { .name = "ledger",
				    .begin = ledger_begin,
				    .end = ledger_end,
				    .turn = ledger_turn,
				    .heard = ledger_heard };

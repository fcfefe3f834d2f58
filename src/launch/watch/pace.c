/* pace.c - what the network costs a trainer's step.
 *
 * The agent knows the links, a trainer that knows the protocol its model: it
 * tells how many bytes of gradients it has and, after its first steps, how long
 * it computes at one. In a job rank 0 tells, which has the leader for its agent;
 * in a preflight every rank does, alone, and the slowest counts.
 */
#include "launch/watch/watch.h"

#include "base/arena.h"
#include "base/log.h"
#include "launch/watch/preflight.h"

#include <stdlib.h>

/* A trainer's line, with its rank. */
struct pace_line {
	const char *event;
	struct agent_pace pace;
	int rank;
};

static const struct field pace_rows[] = {
	FIELD(TEXT, struct pace_line, event, "event"),
	FIELD(PART, struct pace_line, pace, NULL, .of = &agent_pace_record),
	FIELD(INT, struct pace_line, rank, "rank", .absent = -1),
};
const struct record pace_record = RECORD(struct pace_line, pace_rows);

/* What every machine is told: the sentence, and its numbers for
 * preflight.json. */
struct forecast_line {
	const char *text; /* for every console */
	bool limit;	  /* the network will be the limit */
	double gradient_bytes, compute_s, all_reduce_s, small_sums_s;
	double share, step_s, efficiency;
};

static const struct field forecast_rows[] = {
	FIELD(TEXT, struct forecast_line, text, "text"),
	FIELD(BOOL, struct forecast_line, limit, "limit"),
	FIELD(REAL, struct forecast_line, gradient_bytes, "gradient_bytes"),
	FIELD(REAL, struct forecast_line, compute_s, "compute_s"),
	FIELD(REAL, struct forecast_line, all_reduce_s, "all_reduce_s"),
	FIELD(REAL, struct forecast_line, small_sums_s, "small_sums_s"),
	FIELD(REAL, struct forecast_line, share, "share"),
	FIELD(REAL, struct forecast_line, step_s, "step_s"),
	FIELD(REAL, struct forecast_line, efficiency, "efficiency"),
};
const struct record forecast_record =
	RECORD(struct forecast_line, forecast_rows);

struct pace {
	const struct attempt *a;
	bool *told; /* by rank */
	int heard;
	struct forecast_input in;
	double step_s;
	bool forecast; /* it is made */
};

static void *pace_begin(const struct attempt *a)
{
	struct pace *w = fl_calloc(1, sizeof(*w));

	w->a = a;
	w->told = fl_calloc((size_t)a->layout->world, sizeof(bool));
	return w;
}

static void pace_end(void *watch)
{
	struct pace *w = watch;

	free(w->told);
	free(w);
}

/* Is there room for the checkpoints, where rank 0 writes them? Said once a
 * job. */
static void check_room(const struct attempt *a, const struct json *line)
{
	struct agent_model m;
	int64_t room, need;

	record_read(&agent_model_record, line, &m);
	need = m.checkpoint_bytes * m.checkpoints;
	room = room_free(m.folder);
	if (room < 0 || room >= need || a->layout->attempt > 0)
		return;
	fl_warn("preflight: %s: only %.0f MiB of disk are free in %s, the "
		"checkpoints of this run need about %.0f (%d of %.0f MiB); make "
		"room, choose another save_dir, or keep fewer (keep_checkpoints)",
		hosts_own(&a->plan->hosts), (double)room / 0x1p20, m.folder,
		(double)need / 0x1p20, m.checkpoints,
		(double)m.checkpoint_bytes / 0x1p20);
}

/* As a warning only where people should change something. */
static void show_forecast(const struct pace *w, const struct json *o)
{
	struct forecast_line forecast;

	record_read(&forecast_record, o, &forecast);
	if (forecast.limit)
		fl_warn("%s", forecast.text);
	else
		fl_info("%s", forecast.text);
	preflight_add_forecast(w->a->preflight, o);
}

/* Over links that were measured. */
static void tell_forecast(const struct pace *w, const struct findings *found)
{
	struct forecast fc = forecast_step(&w->in);
	struct fl_str text = FL_STR_INIT;
	struct forecast_line line = { .limit = fc.kind == FORECAST_LIMIT,
				      .gradient_bytes = w->in.gradient_bytes,
				      .compute_s = w->in.compute_s,
				      .all_reduce_s = fc.all_reduce_s,
				      .small_sums_s = fc.sums_s,
				      .share = fc.share,
				      .step_s = fc.step_s,
				      .efficiency = fc.efficiency };
	struct json *o;

	findings_forecast(found, &w->in, &fc, w->step_s, &text);
	line.text = fl_str_get(&text);
	o = record_write(&forecast_record, &line, 0);
	post_to_members(w->a->post, WIRE_FORECAST, o);
	show_forecast(w, o);
	fl_str_release(&text);
	json_free(o);
}

/* Once an attempt. Without a measured link (one machine, or --preflight of one)
 * only what a trainer told can be said. */
static void make_forecast(struct pace *w)
{
	const struct findings *found = preflight_found(w->a->preflight);
	const struct findings_pair *slowest;

	w->forecast = true;
	w->in.ranks = w->a->layout->world;
	if (findings_ring(found, &w->in, &slowest))
		tell_forecast(w, found);
	else if (w->a->options->preflight)
		fl_info("a step computes %.0f ms, gradients are %.1f MB",
			w->in.compute_s * 1e3, w->in.gradient_bytes * 1e-6);
}

/* In a job one rank tells, and all meet in every step; in a preflight each runs
 * alone, and the slowest would set the pace. */
static void hear_pace(struct pace *w, const struct json *o)
{
	struct pace_line l;

	record_read(&pace_record, o, &l);
	if (!w->a->preflight || w->forecast || l.rank < 0 ||
	    l.rank >= w->a->layout->world || w->told[l.rank])
		return;
	w->told[l.rank] = true;
	w->heard++;
	w->in.gradient_bytes = (double)l.pace.gradient_bytes;
	w->in.sums = l.pace.small_sums;
	if (l.pace.compute_s > w->in.compute_s)
		w->in.compute_s = l.pace.compute_s;
	if (l.pace.step_s > w->step_s)
		w->step_s = l.pace.step_s;
	if (!w->a->options->preflight || w->heard == w->a->layout->world)
		make_forecast(w);
}

static void pace_heard(void *watch, int seat, enum wire_type type,
		       const struct json *o)
{
	struct pace *w = watch;

	(void)seat;
	if (type == WIRE_PACE)
		hear_pace(w, o);
	/* The leader has shown it as it made it. */
	if (type == WIRE_FORECAST && w->a->preflight && !post_leads(w->a->post))
		show_forecast(w, o);
}

static void pace_said(void *watch, const struct trainer *t,
		      enum agent_event event, const struct json *line)
{
	struct pace *w = watch;
	struct pace_line l;
	struct json *o;

	if (event == AGENT_MODEL && t->rank == 0)
		check_room(w->a, line);
	if (event != AGENT_PACE)
		return;
	record_read(&pace_record, line, &l);
	l.rank = t->rank;
	o = record_write(&pace_record, &l, 0);
	if (!post_to_first(w->a->post, WIRE_PACE, o))
		hear_pace(w, o);
	json_free(o);
}

const struct watch watch_pace = { .name = "pace",
				  .begin = pace_begin,
				  .end = pace_end,
				  .said = pace_said,
				  .heard = pace_heard };

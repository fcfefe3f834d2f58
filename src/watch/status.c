/* status.c - a run's folder turned into a document of some kilobytes.
 *
 * Made whenever something in the folder is new (watch.c). Curves have
 * CURVE_ROOMS parts, of each the lowest and the highest value in their order, so
 * that no spike is lost and no document is large. The time to come is the mean of
 * the last PACE_ROWS lines for each step, and for each epoch what evaluations
 * have taken of one so far. */
#include "watch/status.h"

#include "base/clock.h"

#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CURVE_ROOMS 200
#define PACE_ROWS 10
/* More are no table for people; the launcher's ledger names the slow one. */
#define MOST_RANKS 1024

static double last_of(const struct numbers *n, const char *name)
{
	const double *v = numbers_get(n, name);

	return v && n->rows ? v[n->rows - 1] : NAN;
}

static void set_real(struct json *o, const char *key, double v)
{
	if (isfinite(v))
		json_set_real(o, key, v);
}

/* --- curves --- */

static void add_point(struct json *xs, struct json *ys, double x, double y)
{
	json_add(xs, json_new_real(x));
	json_add(ys, json_new_real(y));
}

/* The lowest and the highest of rows from .. to-1, in their order. */
static void add_part(struct json *xs, struct json *ys, const double *x,
		     const double *y, size_t from, size_t to)
{
	size_t low = to, high = to, first, last;

	for (size_t i = from; i < to; i++) {
		if (!isfinite(y[i]) || !isfinite(x[i]))
			continue;
		low = low == to || y[i] < y[low] ? i : low;
		high = high == to || y[i] > y[high] ? i : high;
	}
	if (low == to)
		return;
	first = low < high ? low : high;
	last = low < high ? high : low;
	add_point(xs, ys, x[first], y[first]);
	if (last != first)
		add_point(xs, ys, x[last], y[last]);
}

static void add_curve(struct json *curves, const struct numbers *n,
		      const char *name)
{
	const double *x = numbers_get(n, "step"), *y = numbers_get(n, name);
	struct json *o, *xs, *ys;
	size_t parts = n->rows < CURVE_ROOMS ? n->rows : CURVE_ROOMS;

	if (!x || !y)
		return;
	xs = json_new_array();
	ys = json_new_array();
	for (size_t i = 0; i < parts; i++)
		add_part(xs, ys, x, y, i * n->rows / parts,
			 (i + 1) * n->rows / parts);
	o = json_new_object();
	json_set_text(o, "name", name);
	json_set(o, "x", xs);
	json_set(o, "y", ys);
	json_add(curves, o);
}

/* --- where it stands --- */

/* Of the last lines. */
static double pace_of(const struct numbers *n)
{
	const double *v = numbers_get(n, "batch_s");
	double sum = 0;
	int count = 0;

	for (size_t i = n->rows; v && i-- > 0 && count < PACE_ROWS;)
		if (v[i] > 0) {
			sum += v[i];
			count++;
		}
	return count ? sum / count : NAN;
}

/* Seconds of evaluation an epoch, those without one counted. */
static double evaluation_of(const struct page_run *r, double epochs_done)
{
	const double *v = numbers_get(&r->scores, "eval_s");
	double sum = 0;

	for (size_t i = 0; v && i < r->scores.rows; i++)
		sum += v[i] > 0 ? v[i] : 0;
	return epochs_done >= 1 ? sum / floor(epochs_done) : 0;
}

static void add_progress(const struct followed *f, struct json *o)
{
	const struct page_run *r = &f->run;
	double epochs = json_real_or(r->facts, "epochs", NAN);
	double each = json_real_or(r->facts, "steps_per_epoch", NAN);
	double done = r->steps.rows ? last_of(&r->steps, "step") + 1 : 0;
	double left = epochs * each - done, pace = pace_of(&r->steps);

	set_real(o, "epochs", epochs);
	set_real(o, "steps_per_epoch", each);
	set_real(o, "ranks", json_real_or(r->facts, "ranks", NAN));
	set_real(o, "batch_size", json_real_or(r->facts, "batch_size", NAN));
	set_real(o, "step", done);
	set_real(o, "epoch", last_of(&r->steps, "epoch"));
	if (f->at_work && left >= 0 && each > 0)
		set_real(o, "eta_s",
			 left * pace + evaluation_of(r, done / each) *
					       ceil(left / each));
}

static void add_numbers(const struct page_run *r, struct json *o)
{
	static const char *const plain[] = { "images_per_s", "lr", "loss" };
	static const char *const scores[] = { "ap", "ap50" };
	int best = page_run_best(r);

	for (size_t i = 0; i < sizeof(plain) / sizeof(plain[0]); i++)
		set_real(o, plain[i], last_of(&r->steps, plain[i]));
	set_real(o, "step_ms", 1e3 * last_of(&r->steps, "batch_s"));
	set_real(o, "data_ms", 1e3 * last_of(&r->steps, "data_s"));
	set_real(o, "wait_ms",
		 1e3 * (last_of(&r->steps, "comm_wait_s") +
			last_of(&r->steps, "sync_bn_s")));
	for (size_t i = 0; i < sizeof(scores) / sizeof(scores[0]); i++)
		if (last_of(&r->scores, scores[i]) >= 0)
			set_real(o, scores[i], last_of(&r->scores, scores[i]));
	if (best < 0)
		return;
	set_real(o, "best_ap", numbers_get(&r->scores, "ap")[best]);
	if (numbers_get(&r->scores, "epoch"))
		set_real(o, "best_epoch",
			 numbers_get(&r->scores, "epoch")[best]);
}

static void add_state(const struct followed *f, struct json *o)
{
	const struct json *summary = follow_summary(f);
	const struct page_file *metrics = &f->run.files[PAGE_METRICS];
	char host[256] = "";
	time_t now = time(NULL);

	gethostname(host, sizeof(host) - 1);
	json_set_text(o, "name", f->run.name);
	json_set_text(o, "folder", f->run.folder);
	json_set_text(o, "host", host);
	json_set_int(o, "made", now);
	json_set_text(o, "state",
		      json_text_or(summary, "status",
				   f->at_work ? "at work" : "not at work"));
	json_set_bool(o, "over", summary != NULL);
	if (f->at_work)
		json_set_text(o, "holder", f->holder);
	if (metrics->there)
		set_real(o, "quiet_s",
			 fmax(difftime(now, metrics->changed.tv_sec), 0));
}

/* --- ranks --- */

static void add_rank(struct json *ranks, const struct json *from, size_t number,
		     double images)
{
	static const char *const times[] = { "step_ms", "compute_ms", "data_ms",
					     "wait_ms" };
	struct json *o = json_new_object();

	json_set_int(o, "rank", json_int_or(from, "rank", (int64_t)number));
	json_set_text(o, "host", json_text_or(from, "host", ""));
	set_real(o, "images_per_s",
		 1e3 * images / json_real_or(from, "step_ms", NAN));
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++)
		set_real(o, times[i], json_real_or(from, times[i], NAN));
	json_add(ranks, o);
}

/* Where the ledger is on another machine, report.json has its means as of the
 * last evaluation. */
static void add_ledger(const struct followed *f, struct json *o)
{
	const struct json *list = json_get(f->window, "ranks");
	double images = json_real_or(f->run.facts, "batch_size", NAN);
	struct json *ledger, *ranks;
	const char *cause;

	if (json_count(list) == 0)
		list = json_get(f->run.facts, "ledger");
	if (json_count(list) == 0)
		return;
	ledger = json_new_object();
	ranks = json_new_array();
	for (size_t i = 0; i < json_count(list) && i < MOST_RANKS; i++)
		add_rank(ranks, json_at(list, i), i, images);
	set_real(ledger, "step", json_real_or(f->window, "step", NAN));
	json_set(ledger, "ranks", ranks);
	cause = json_text_or(f->window, "cause", "");
	if (*cause) {
		json_set_int(ledger, "slow",
			     json_int_or(f->window, "slow", -1));
		json_set_text(ledger, "cause", cause);
		set_real(ledger, "costs_ms",
			 json_real_or(f->window, "costs_ms", NAN));
	}
	json_set(o, "ledger", ledger);
}

static void add_notes(const struct page_run *r, struct json *o)
{
	struct json *notes = json_new_array();

	for (int i = 0; i < PAGE_FILES; i++)
		if (*r->files[i].note)
			json_add(notes, json_new_text(r->files[i].note));
	json_set(o, "notes", notes);
}

struct json *status_of(const struct followed *f)
{
	struct json *o = json_new_object(), *curves = json_new_array();
	const struct page_run *r = &f->run;

	add_state(f, o);
	add_progress(f, o);
	add_numbers(r, o);
	add_ledger(f, o);
	add_curve(curves, &r->steps, "loss");
	add_curve(curves, &r->scores, "ap");
	add_curve(curves, &r->steps, "images_per_s");
	add_curve(curves, &r->steps, "lr");
	json_set(o, "curves", curves);
	add_notes(r, o);
	return o;
}

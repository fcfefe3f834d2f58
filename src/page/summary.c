/* summary.c - the first thing that a page says: how far, how well, how fast.
 *
 * One run has a few large numbers, several have a table with a column for each.
 * What summary.json does not say (the run is at work, or was killed) is taken
 * from the lines of metrics.jsonl. */
#include "page/html.h"
#include "page/page_priv.h"

#include <math.h>
#include <stdio.h>

enum {
	ROW_STATUS,
	ROW_BEST,
	ROW_LAST,
	ROW_EPOCHS,
	ROW_SPEED,
	ROW_TIME,
	ROW_RANKS,
	ROW_TROUBLE,
	ROWS
};

static const char *const row_names[ROWS] = {
	[ROW_STATUS] = "status",
	[ROW_BEST] = "best AP",
	[ROW_LAST] = "last AP, AP50",
	[ROW_EPOCHS] = "epochs done",
	[ROW_SPEED] = "images a second",
	[ROW_TIME] = "time",
	[ROW_RANKS] = "ranks",
	[ROW_TROUBLE] = "bad pictures, restarts",
};

static double last_of(const struct numbers *n, const char *name)
{
	const double *v = numbers_get(n, name);

	return v && n->rows ? v[n->rows - 1] : NAN;
}

/* Of a run at work an older summary speaks of an earlier end. */
static const struct json *summary_of(const struct sheet *p,
				     const struct page_run *r)
{
	return p->running ? NULL : r->summary;
}

static double mean_speed(const struct page_run *r)
{
	const double *v = numbers_get(&r->steps, "batch_s");
	const double *speed = numbers_get(&r->steps, "images_per_s");
	double seconds = 0, images = 0;

	for (size_t i = 0; v && speed && i < r->steps.rows; i++)
		if (v[i] > 0 && speed[i] > 0) {
			seconds += v[i];
			images += v[i] * speed[i];
		}
	return seconds > 0 ? images / seconds : NAN;
}

static void add_score(struct fl_str *s, double v)
{
	if (v >= 0)
		fl_str_addf(s, "%.3f", v);
	else
		fl_str_add(s, "–");
}

static void add_best(const struct page_run *r, struct fl_str *s)
{
	int best = page_run_best(r);
	const double *epoch = numbers_get(&r->scores, "epoch");

	add_score(s, best < 0 ? -1 : numbers_get(&r->scores, "ap")[best]);
	if (best >= 0 && epoch)
		fl_str_addf(s, " (epoch %.0f)", epoch[best] + 1);
}

static void add_epochs(const struct sheet *p, const struct page_run *r,
		       struct fl_str *s)
{
	const struct json *summary = summary_of(p, r);
	int64_t all = json_int_or(r->facts, "epochs", 0);
	int64_t each = json_int_or(r->facts, "steps_per_epoch", 0);
	double step = last_of(&r->steps, "step");

	if (summary)
		fl_str_addf(s, "%lld",
			    (long long)json_int_or(summary, "epochs", 0));
	else if (each > 0 && step >= 0)
		fl_str_addf(s, "%.2f", (step + 1) / (double)each);
	else
		fl_str_add(s, "–");
	if (all > 0)
		fl_str_addf(s, " of %lld", (long long)all);
}

/* Of a file: any number, and a whole one only within what a long holds. */
static void add_time(double seconds, struct fl_str *s)
{
	bool sane = seconds >= 0 && seconds < 1e12;
	long t = sane ? (long)seconds : 0;

	if (!sane)
		fl_str_add(s, "–");
	else if (t < 60)
		fl_str_addf(s, "%.1f s", seconds);
	else
		fl_str_addf(s, "%ld:%02ld:%02ld", t / 3600, t / 60 % 60,
			    t % 60);
}

static void add_row(const struct sheet *p, const struct page_run *r, int row,
		    struct fl_str *s)
{
	const struct json *summary = summary_of(p, r);
	const char *open =
		p->running ? "at work" : "no summary: at work, or killed";

	switch (row) {
	case ROW_STATUS:
		fl_str_add(s, json_text_or(summary, "status", open));
		break;
	case ROW_BEST:
		add_best(r, s);
		break;
	case ROW_LAST:
		add_score(s, last_of(&r->scores, "ap"));
		fl_str_add(s, ", ");
		add_score(s, last_of(&r->scores, "ap50"));
		break;
	case ROW_EPOCHS:
		add_epochs(p, r, s);
		break;
	case ROW_SPEED:
		html_number(s, mean_speed(r), 4);
		break;
	case ROW_TIME:
		add_time(json_real_or(r->facts, "seconds",
				      json_real_or(summary, "seconds", NAN)),
			 s);
		break;
	case ROW_RANKS:
		html_number(s, json_real_or(r->facts, "ranks", NAN), 6);
		break;
	default:
		html_number(s, json_real_or(summary, "bad_images", NAN), 6);
		fl_str_add(s, ", ");
		html_number(s, json_real_or(summary, "restarts", NAN), 6);
	}
}

static void draw_tiles(const struct sheet *p, struct fl_str *out)
{
	fl_str_add(out, "<dl class=\"tiles\">");
	for (int row = 0; row < ROWS; row++) {
		struct fl_str s = FL_STR_INIT;

		add_row(p, &p->runs[0], row, &s);
		fl_str_addf(out, "<div><dt>%s</dt><dd>", row_names[row]);
		html_text(out, fl_str_get(&s));
		fl_str_add(out, "</dd></div>");
		fl_str_release(&s);
	}
	fl_str_add(out, "</dl>");
}

static void draw_table(const struct sheet *p, struct fl_str *out)
{
	const char *words[PAGE_MOST_RUNS + 2] = { "" };

	for (int i = 0; i < p->count; i++)
		words[i + 1] = p->runs[i].name;
	page_table(out, words);
	for (int row = 0; row < ROWS; row++) {
		fl_str_add(out, "<tr>");
		page_name(out, row_names[row]);
		for (int i = 0; i < p->count; i++) {
			struct fl_str s = FL_STR_INIT;

			add_row(p, &p->runs[i], row, &s);
			page_cell(out, fl_str_get(&s));
			fl_str_release(&s);
		}
		fl_str_add(out, "</tr>");
	}
	page_table_end(out);
}

void page_summary(const struct sheet *p, struct fl_str *out)
{
	page_begin(out, "summary", "Summary");
	if (p->count == 1)
		draw_tiles(p, out);
	else
		draw_table(p, out);
	page_end(out);
}

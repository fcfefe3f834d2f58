/* curves.c - how the run went: losses, learning rate, scores, speed.
 *
 * Of one run a plot has all lines that belong together; of several it has one
 * number, and a line in the run's colour for each of them. Steps count from 0 as
 * in metrics.jsonl; scores stand over the epochs done before them. */
#include "page/page_priv.h"
#include "page/plot.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

struct curves {
	const struct sheet *page;
	struct fl_str *out;
	struct fl_arena arena;
	struct plot_line lines[NUMBERS_MOST];
	int count;
	struct plot_mark marks[PAGE_MOST_RUNS];
	int mark_count;
};

/* Scores of -1 measured nothing; epochs count from 0 in the file. */
static const double *values_of(struct curves *c, const struct numbers *n,
			       const char *name, bool scores)
{
	const double *from = numbers_get(n, name);
	double *to;

	if (!from || !scores)
		return from;
	to = fl_arena_array(&c->arena, n->rows, sizeof(*to));
	for (size_t i = 0; i < n->rows; i++)
		if (strcmp(name, "epoch") == 0)
			to[i] = from[i] + 1;
		else
			to[i] = from[i] < 0 ? NAN : from[i];
	return to;
}

static void add(struct curves *c, int run, const char *name, const char *label,
		bool scores, int color)
{
	const struct page_run *r = &c->page->runs[run];
	const struct numbers *n = scores ? &r->scores : &r->steps;
	const double *x = values_of(c, n, scores ? "epoch" : "step", scores);
	const double *y = values_of(c, n, name, scores);
	bool any = false;

	for (size_t i = 0; x && y && i < n->rows; i++)
		any = any || isfinite(y[i]);
	if (any && c->count < NUMBERS_MOST)
		c->lines[c->count++] = (struct plot_line){ .name = label,
							   .x = x,
							   .y = y,
							   .count = n->rows,
							   .color = color };
}

static void draw(struct curves *c, const char *title, const char *about,
		 bool scores, bool zero)
{
	struct plot p = { .title = title,
			  .about = about,
			  .x_name = scores ? "epochs" : "step",
			  .lines = c->lines,
			  .count = c->count,
			  .marks = c->marks,
			  .mark_count = c->mark_count,
			  .zero = zero };

	plot_draw(&p, c->out);
	c->count = 0;
	c->mark_count = 0;
}

/* One number of every run. */
static void draw_each(struct curves *c, const char *name, const char *title,
		      bool scores, bool zero)
{
	for (int i = 0; i < c->page->count; i++)
		add(c, i, name,
		    c->page->count > 1 ? c->page->runs[i].name : title, scores,
		    i);
	draw(c, title, NULL, scores, zero);
}

static void mark_best(struct curves *c, int run)
{
	const struct page_run *r = &c->page->runs[run];
	int best = page_run_best(r);
	const double *epoch = numbers_get(&r->scores, "epoch");
	const double *ap = numbers_get(&r->scores, "ap");

	if (best < 0 || !epoch)
		return;
	c->marks[c->mark_count++] = (struct plot_mark){
		.x = epoch[best] + 1,
		.y = ap[best],
		.label = fl_arena_printf(&c->arena, "best %.3f", ap[best]),
		.color = run
	};
}

/* Of VOC's metric there is one number, told twice. */
static bool has_sizes(const struct page_run *r)
{
	static const char *const sizes[] = { "ap75", "ap_small", "ap_medium",
					     "ap_large" };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		const double *v = numbers_get(&r->scores, sizes[i]);

		for (size_t k = 0; v && k < r->scores.rows; k++)
			if (v[k] >= 0)
				return true;
	}
	return false;
}

static void draw_losses(struct curves *c)
{
	const struct numbers *n = &c->page->runs[0].steps;

	for (int i = 0; i < n->count; i++)
		if (fl_starts_with(n->names[i], "loss"))
			add(c, 0, n->names[i], n->names[i], false, c->count);
	draw(c, "Losses", "median of the steps since the line before", false,
	     false);
}

/* name and label, one after another, up to NULL */
static void draw_scores(struct curves *c, const char *title,
			const char *const *names)
{
	for (; names[0]; names += 2)
		add(c, 0, names[0], names[1], true, c->count);
	draw(c, title, NULL, true, true);
}

static void draw_one_run(struct curves *c)
{
	static const char *const ap[] = { "ap",	  "AP",	  "ap50", "AP50",
					  "ap75", "AP75", NULL };
	static const char *const sizes[] = { "ap_small",  "small",
					     "ap_medium", "medium",
					     "ap_large",  "large",
					     NULL };
	static const char *const recall[] = { "ar1",   "AR, 1 detection",
					      "ar10",  "AR, 10",
					      "ar100", "AR, 100",
					      NULL };
	static const char *const voc[] = { "ap", "mAP", NULL };
	bool coco = has_sizes(&c->page->runs[0]);

	draw_losses(c);
	draw_each(c, "lr", "Learning rate", false, true);
	mark_best(c, 0);
	draw_scores(c, coco ? "Average precision" : "Mean average precision",
		    coco ? ap : voc);
	if (coco) {
		draw_scores(c, "AP by size of object", sizes);
		draw_scores(c, "Average recall", recall);
	}
	draw_each(c, "images_per_s", "Images a second", false, true);
}

static void draw_several(struct curves *c)
{
	draw_each(c, "loss", "Loss", false, false);
	for (int i = 0; i < c->page->count; i++)
		mark_best(c, i);
	draw_each(c, "ap", "Average precision (AP)", true, true);
	draw_each(c, "ap50", "AP50", true, true);
	draw_each(c, "ap_small", "AP of small objects", true, true);
	draw_each(c, "lr", "Learning rate", false, true);
	draw_each(c, "images_per_s", "Images a second", false, true);
}

void page_curves(const struct sheet *p, struct fl_str *out)
{
	struct curves c = { .page = p, .out = out };
	size_t before;

	page_begin(out, "curves", "Curves");
	fl_str_add(out, "<div class=\"plots\">\n");
	before = out->len;
	if (p->count == 1)
		draw_one_run(&c);
	else
		draw_several(&c);
	if (out->len == before)
		fl_str_add(out, "<p>No step and no evaluation is written down "
				"yet.</p>");
	fl_str_add(out, "</div>");
	page_end(out);
	fl_arena_release(&c.arena);
}

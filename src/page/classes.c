/* classes.c - how each class does: AP, precision over recall, and precision,
 * recall and F1 over the confidence that is asked for.
 *
 * Of the evaluation that report.json holds (report/scores.c). Few classes have a
 * colour each; of many each is a thin line with its name under the pointer, and
 * their mean a thick one. Several runs are compared by their means and by the AP
 * of classes with the same name. */
#include "page/html.h"
#include "page/page_priv.h"
#include "page/plot.h"

#include "eval/curve.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MOST_COLORED (PLOT_COLORS - 1) /* the first is the mean's */
#define MOST_FAINT 400
#define FAINT_POINTS ((CURVE_POINTS + 1) / 2)

struct page_class {
	const char *name;
	double ap;
	struct curve curve;
};

struct classes {
	const struct page_run *run;
	const struct json *evaluation;
	struct page_class *list;
	size_t count;
	double x[CURVE_POINTS]; /* 0, 0.01, ... */
};

/* What one of the plots shows of a class at a point. */
typedef double value_fn(const struct curve *c, int at);

static double precision_at_recall(const struct curve *c, int at)
{
	return c->precision[at];
}

static const struct {
	const char *title, *about, *x_name;
	value_fn *value;
	bool mark; /* its highest mean */
} plots[] = {
	{ "Precision over recall",
	  "at an overlap of 0.5; the area below is the AP50 of a class",
	  "recall", precision_at_recall, false },
	{ "F1 over confidence", NULL, "confidence", curve_f1, true },
	{ "Precision over confidence", NULL, "confidence", curve_precision,
	  false },
	{ "Recall over confidence", NULL, "confidence", curve_recall, false },
};
#define PLOTS (sizeof(plots) / sizeof(plots[0]))

static double real_at(const struct json *o, const char *key, size_t i)
{
	double v = 0;

	json_real_of(json_at(json_get(o, key), i), &v);
	return v;
}

static void take_class(struct page_class *c, const struct json *o)
{
	*c = (struct page_class){ .name = json_text_or(o, "name", ""),
				  .ap = json_real_or(o, "ap", NAN) };
	c->curve.truths = (long)json_int_or(o, "truths", 0);
	for (size_t i = 0; i < CURVE_POINTS; i++) {
		c->curve.precision[i] = real_at(o, "precision", i);
		c->curve.right[i] = (long)real_at(o, "right", i);
		c->curve.wrong[i] = (long)real_at(o, "wrong", i);
	}
}

/* The best first, classes that cannot be told apart by AP as they came. */
static int by_ap(const void *a, const void *b)
{
	const struct page_class *x = a, *y = b;

	if (x->ap != y->ap)
		return x->ap > y->ap ? -1 : 1;
	return strcmp(x->name, y->name);
}

static void open_classes(struct classes *c, const struct page_run *run)
{
	const struct json *list;

	*c = (struct classes){ .run = run };
	c->evaluation = json_get(run->facts, "evaluation");
	list = json_get(c->evaluation, "classes");
	c->count = json_count(list);
	c->list = fl_calloc(c->count + 1, sizeof(*c->list));
	for (size_t i = 0; i < c->count; i++)
		take_class(&c->list[i], json_at(list, i));
	qsort(c->list, c->count, sizeof(*c->list), by_ap);
	for (int i = 0; i < CURVE_POINTS; i++)
		c->x[i] = i / (CURVE_POINTS - 1.0);
}

/* Of the classes that have the value. */
static double mean_at(const struct classes *c, value_fn *value, int at)
{
	double sum = 0;
	size_t n = 0;

	for (size_t i = 0; i < c->count; i++) {
		double v = value(&c->list[i].curve, at);

		sum += isfinite(v) ? v : 0;
		n += isfinite(v);
	}
	return n ? sum / (double)n : NAN;
}

/* A plot in the making. */
struct drawing {
	struct fl_arena arena;
	struct plot_line lines[MOST_FAINT + PAGE_MOST_RUNS];
	int count;
	struct plot_mark marks[PAGE_MOST_RUNS];
	int mark_count;
};

static void add_mean(struct drawing *d, const struct classes *c, size_t which,
		     const char *name, int color)
{
	double *y = fl_arena_array(&d->arena, CURVE_POINTS, sizeof(*y));
	int best = 0;

	for (int i = 0; i < CURVE_POINTS; i++) {
		y[i] = mean_at(c, plots[which].value, i);
		best = y[i] > y[best] ? i : best;
	}
	d->lines[d->count++] = (struct plot_line){ .name = name,
						   .x = c->x,
						   .y = y,
						   .count = CURVE_POINTS,
						   .color = color,
						   .thick = c->count > 1 };
	if (plots[which].mark && isfinite(y[best]))
		d->marks[d->mark_count++] = (struct plot_mark){
			.x = c->x[best],
			.y = y[best],
			.label = fl_arena_printf(&d->arena, "%.2f at %.2f",
						 y[best], c->x[best]),
			.color = color
		};
}

static void add_class(struct drawing *d, const struct classes *c, size_t which,
		      size_t i)
{
	bool faint = c->count > MOST_COLORED;
	size_t points = faint ? FAINT_POINTS : CURVE_POINTS;
	double *x = fl_arena_array(&d->arena, points, sizeof(*x));
	double *y = fl_arena_array(&d->arena, points, sizeof(*y));

	for (size_t k = 0; k < points; k++) {
		int at = (int)(k * (CURVE_POINTS - 1) / (points - 1));

		x[k] = c->x[at];
		y[k] = plots[which].value(&c->list[i].curve, at);
	}
	d->lines[d->count++] = (struct plot_line){ .name = c->list[i].name,
						   .x = x,
						   .y = y,
						   .count = points,
						   .color = (int)i + 1,
						   .faint = faint };
}

static void draw_plot(const struct classes *all, int runs, size_t which,
		      struct fl_str *out)
{
	struct drawing *d = fl_calloc(1, sizeof(*d));
	struct plot p = { .title = plots[which].title,
			  .about = plots[which].about,
			  .x_name = plots[which].x_name,
			  .unit = true };

	for (int i = 0; i < runs; i++)
		if (all[i].count > 0)
			add_mean(d, &all[i], which,
				 runs > 1 ? all[i].run->name : "mean", i);
	for (size_t i = 0; runs == 1 && i < all->count && i < MOST_FAINT; i++)
		add_class(d, all, which, i);
	p.lines = d->lines;
	p.count = d->count;
	p.marks = d->marks;
	p.mark_count = d->mark_count;
	plot_draw(&p, out);
	fl_arena_release(&d->arena);
	free(d);
}

static void draw_number(double v, struct fl_str *out)
{
	fl_str_add(out, "<td class=\"n\">");
	if (isfinite(v) && v >= 0)
		fl_str_addf(out, "%.3f", v);
	else
		fl_str_add(out, "–");
	fl_str_add(out, "</td>");
}

static void draw_row(const struct page_class *c, struct fl_str *out)
{
	double ap50 = 0;
	int best = 0;

	for (int i = 0; i < CURVE_POINTS; i++) {
		ap50 += c->curve.precision[i] / CURVE_POINTS;
		if (curve_f1(&c->curve, i) > curve_f1(&c->curve, best))
			best = i;
	}
	fl_str_add(out, "<tr>");
	page_name(out, c->name);
	fl_str_addf(out,
		    "<td><svg class=\"bar\" viewBox=\"0 0 100 10\" "
		    "preserveAspectRatio=\"none\" aria-hidden=\"true\">"
		    "<rect width=\"%.1f\" height=\"10\"/></svg></td>",
		    100 * fmax(c->ap, 0));
	draw_number(c->ap, out);
	draw_number(ap50, out);
	fl_str_addf(out, "<td class=\"n\">%ld</td>", c->curve.truths);
	draw_number(curve_f1(&c->curve, best), out);
	fl_str_addf(out, "<td class=\"n\">%.2f</td>",
		    best / (CURVE_POINTS - 1.0));
	draw_number(curve_precision(&c->curve, best), out);
	draw_number(curve_recall(&c->curve, best), out);
	fl_str_add(out, "</tr>\n");
}

static void draw_table(const struct classes *c, struct fl_str *out)
{
	static const char *const words[] = { "class",
					     "",
					     "AP",
					     "AP50",
					     "objects",
					     "best F1",
					     "at confidence",
					     "precision",
					     "recall",
					     NULL };
	int64_t left_out = json_int_or(c->evaluation, "left_out", 0);

	fl_str_add(out, "<div class=\"tall by-class\">");
	page_table(out, words);
	for (size_t i = 0; i < c->count; i++)
		draw_row(&c->list[i], out);
	page_table_end(out);
	fl_str_add(out, "</div>");
	if (left_out > 0)
		fl_str_addf(out, "<p>%lld more classes are left out.</p>",
			    (long long)left_out);
}

static double ap_of(const struct classes *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return c->list[i].ap;
	return NAN;
}

static bool has_class(const struct classes *c, const char *name)
{
	for (size_t i = 0; i < c->count; i++)
		if (strcmp(c->list[i].name, name) == 0)
			return true;
	return false;
}

static void draw_comparison(const struct classes *all, int runs,
			    struct fl_str *out)
{
	const char *words[PAGE_MOST_RUNS + 2] = { "AP of class" };

	for (int i = 0; i < runs; i++)
		words[i + 1] = all[i].run->name;
	fl_str_add(out, "<div class=\"tall\">");
	page_table(out, words);
	for (int run = 0; run < runs; run++)
		for (size_t k = 0; k < all[run].count; k++) {
			const char *name = all[run].list[k].name;
			bool known = false;

			for (int i = 0; i < run; i++)
				known = known || has_class(&all[i], name);
			if (known)
				continue;
			fl_str_add(out, "<tr>");
			page_name(out, name);
			for (int i = 0; i < runs; i++)
				draw_number(ap_of(&all[i], name), out);
			fl_str_add(out, "</tr>\n");
		}
	page_table_end(out);
	fl_str_add(out, "</div>");
}

static void draw_all(const struct classes *all, int runs, struct fl_str *out)
{
	page_begin(out, "classes", "Scores by class");
	if (runs == 1) {
		fl_str_addf(
			out,
			"<p>Of the evaluation after epoch %lld: %lld "
			"detections in %lld pictures. Classes without an "
			"object in them are not listed.</p>",
			(long long)json_int_or(all->evaluation, "epoch", -1) +
				1,
			(long long)json_int_or(all->evaluation, "detections",
					       0),
			(long long)json_int_or(all->evaluation, "images", 0));
		draw_table(all, out);
	} else {
		draw_comparison(all, runs, out);
	}
	fl_str_add(out, "<div class=\"plots\">\n");
	for (size_t i = 0; i < PLOTS; i++)
		draw_plot(all, runs, i, out);
	fl_str_add(out, "</div>");
	page_end(out);
}

void page_classes(const struct sheet *p, struct fl_str *out)
{
	struct classes all[PAGE_MOST_RUNS];
	size_t any = 0;

	for (int i = 0; i < p->count; i++) {
		open_classes(&all[i], &p->runs[i]);
		any += all[i].count;
	}
	if (any > 0)
		draw_all(all, p->count, out);
	for (int i = 0; i < p->count; i++)
		free(all[i].list);
}

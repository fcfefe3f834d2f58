/* screen_curves.c - the curves of a screen, side by side where there is room.
 *
 * Each is a line with its name and newest value over a chart whose edges are
 * labelled. Where the lines are too few for all, the last ones are left out. */
#include "watch/chart.h"
#include "watch/screen_priv.h"

#include "base/arena.h"

#include <stdio.h>
#include <string.h>

#define MOST 4
#define LABEL 8	  /* columns of numbers at the edges, and a blank */
#define NARROW 48 /* columns below which no second one stands beside */
#define LOW 4	  /* lines of the lowest, its title counted */
#define HIGH 14	  /* more show no more */

struct drawn_curve {
	const char *name;
	double *x, *y; /* the arena's */
	size_t count;
	struct chart chart;
};

/* Points of the document, those that rise. */
static bool take(const struct json *o, struct fl_arena *arena,
		 struct drawn_curve *c)
{
	const struct json *xs = json_get(o, "x"), *ys = json_get(o, "y");
	size_t n = json_count(xs) < json_count(ys) ? json_count(xs)
						   : json_count(ys);

	*c = (struct drawn_curve){ .name = json_text_or(o, "name", "?") };
	c->x = fl_arena_array(arena, n + 1, sizeof(*c->x));
	c->y = fl_arena_array(arena, n + 1, sizeof(*c->y));
	for (size_t i = 0; i < n; i++) {
		double x, y;

		if (!json_real_of(json_at(xs, i), &x) ||
		    !json_real_of(json_at(ys, i), &y) ||
		    (c->count && x < c->x[c->count - 1]))
			continue;
		c->x[c->count] = x;
		c->y[c->count++] = y;
	}
	return c->count > 0;
}

static const char *title_of(const char *name)
{
	static const char *const titles[][2] = {
		{ "ap", "AP" },
		{ "images_per_s", "images/s" },
		{ "lr", "learning rate" },
	};

	for (size_t i = 0; i < sizeof(titles) / sizeof(titles[0]); i++)
		if (strcmp(name, titles[i][0]) == 0)
			return titles[i][1];
	return name;
}

/* Line 0 is the title, the others the chart's rows. */
static void add_cell(const struct drawn_curve *c, int line, int width,
		     struct fl_str *out)
{
	struct fl_str text = FL_STR_INIT;
	int used;

	if (line == 0)
		fl_str_addf(&text, "%*s %.20s %.3g", LABEL - 1, "",
			    title_of(c->name), c->y[c->count - 1]);
	else if (line == 1)
		fl_str_addf(&text, "%*.3g ", LABEL - 1, c->chart.high);
	else if (line == c->chart.height)
		fl_str_addf(&text, "%*.3g ", LABEL - 1, c->chart.low);
	else
		fl_str_addf(&text, "%*s", LABEL, "");
	if (line > 0)
		chart_row(&c->chart, line - 1, &text);
	used = screen_add(out, fl_str_get(&text), width);
	fl_str_addf(out, "%*s", width - used, "");
	fl_str_release(&text);
}

/* Those of one row of charts. */
static void put_row(struct screen *s, struct drawn_curve *curves, int count,
		    int width, int height)
{
	for (int i = 0; i < count; i++)
		chart_draw(&curves[i].chart, curves[i].x, curves[i].y,
			   curves[i].count, width - LABEL - 1, height - 1,
			   s->size.unicode);
	for (int line = 0; line < height; line++) {
		struct fl_str text = FL_STR_INIT;

		for (int i = 0; i < count; i++)
			add_cell(&curves[i], line, width, &text);
		screen_put(s, SCREEN_PLAIN, fl_str_get(&text));
		fl_str_release(&text);
	}
	for (int i = 0; i < count; i++)
		chart_release(&curves[i].chart);
}

void screen_curves(struct screen *s, int lines)
{
	const struct json *list = json_get(s->status, "curves");
	struct fl_arena arena = FL_ARENA_INIT;
	struct drawn_curve curves[MOST];
	int count = 0, beside, rows, height;

	for (size_t i = 0; i < json_count(list) && count < MOST; i++)
		count += take(json_at(list, i), &arena, &curves[count]);
	beside = s->size.columns / NARROW;
	beside = beside < 1 ? 1 : beside > count ? count : beside;
	rows = count ? (count + beside - 1) / beside : 0;
	if (rows > lines / LOW)
		rows = lines / LOW;
	height = rows ? lines / rows : 0;
	height = height > HIGH ? HIGH : height;
	for (int i = 0; i < rows; i++) {
		int first = i * beside;

		put_row(s, &curves[first],
			count - first < beside ? count - first : beside,
			s->size.columns / beside, height);
	}
	fl_arena_release(&arena);
}

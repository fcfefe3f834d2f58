/* screen_ranks.c - every rank's speed, and who is slow.
 *
 * Ranks meet in every step, so all do as many images a second: what tells them
 * apart is the time that each needs for itself, computing and waiting for its
 * pictures, which the bar shows. Where there are more ranks than lines the
 * slowest stand first. */
#include "watch/screen_priv.h"

#include "base/arena.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define BAR 8	      /* letters */
#define HOST_MOST 24  /* columns of a host's name */
#define NUMBER 9      /* columns of a number */
#define FRAME_LINES 2 /* the heading and who is slow */

struct rank {
	const struct json *json;
	size_t place;
	double own; /* ms of a step that it needs for itself */
};

static double number(const struct json *o, const char *key)
{
	return json_real_or(o, key, NAN);
}

static const struct json *ranks_of(const struct screen *s)
{
	return json_get(json_get(s->status, "ledger"), "ranks");
}

int screen_rank_lines(const struct screen *s)
{
	size_t n = json_count(ranks_of(s));

	return n == 0 ? 0 : n > 1000 ? 1000 : (int)n + FRAME_LINES;
}

static int by_own(const void *a, const void *b)
{
	const struct rank *x = a, *y = b;

	if (x->own != y->own)
		return x->own < y->own ? 1 : -1;
	return x->place < y->place ? -1 : 1;
}

static void put_slow(struct screen *s, const struct json *ledger)
{
	const char *cause = json_text_or(ledger, "cause", "");
	double slow = number(ledger, "slow"),
	       costs = number(ledger, "costs_ms");
	struct fl_str line = FL_STR_INIT;

	if (!*cause)
		fl_str_add(&line, "no rank holds up the others");
	else if (slow >= 0)
		fl_str_addf(&line,
			    "slow: rank %.0f holds up the others for %.4g ms "
			    "of each step: %s",
			    slow, costs, cause);
	else
		fl_str_addf(&line,
			    "slow: all ranks alike lose %.4g ms of each step: "
			    "%s",
			    costs, cause);
	if (isfinite(number(ledger, "step")))
		fl_str_addf(&line, " (to step %.0f)", number(ledger, "step"));
	screen_put(s, *cause ? SCREEN_WARNING : SCREEN_PLAIN,
		   fl_str_get(&line));
	fl_str_release(&line);
}

static void add_ms(struct fl_str *line, double v)
{
	if (isfinite(v))
		fl_str_addf(line, " %*.4g", NUMBER, v);
	else
		fl_str_addf(line, " %*s", NUMBER, "-");
}

static void put_rank(struct screen *s, const struct rank *r, int host_width,
		     double most, bool slow)
{
	struct fl_str line = FL_STR_INIT;
	double part = most > 0 ? fmax(r->own, 0) / most : 0;
	int full = isfinite(part) ? (int)lround(BAR * part) : 0;
	int used;

	fl_str_addf(&line, "%5.0f  ", fmin(number(r->json, "rank"), 99999));
	used = screen_add(&line, json_text_or(r->json, "host", ""), host_width);
	fl_str_addf(&line, "%*s", host_width - used, "");
	add_ms(&line, number(r->json, "images_per_s"));
	add_ms(&line, r->own < 0 ? NAN : r->own);
	fl_str_add(&line, " ");
	for (int i = 0; i < BAR; i++)
		fl_str_add(&line, i >= full	    ? " "
				  : s->size.unicode ? "━"
						    : "=");
	add_ms(&line, number(r->json, "compute_ms"));
	add_ms(&line, number(r->json, "data_ms"));
	add_ms(&line, number(r->json, "wait_ms"));
	screen_put(s, slow ? SCREEN_WARNING : SCREEN_PLAIN, fl_str_get(&line));
	fl_str_release(&line);
}

/* Fills list and returns the most that one needs. */
static double take_ranks(const struct json *ranks, struct rank *list, size_t n,
			 int *host_width)
{
	double most = 0;

	for (size_t i = 0; i < n; i++) {
		const struct json *o = json_at(ranks, i);
		int columns = screen_columns(json_text_or(o, "host", ""));

		list[i] = (struct rank){ .json = o, .place = i };
		/* Without its times it stands behind all others. */
		list[i].own = json_real_or(o, "compute_ms", -1) +
			      json_real_or(o, "data_ms", 0);
		if (list[i].own > most)
			most = list[i].own;
		if (columns > *host_width)
			*host_width = columns < HOST_MOST ? columns : HOST_MOST;
	}
	return most;
}

void screen_ranks(struct screen *s, int lines)
{
	const struct json *ledger = json_get(s->status, "ledger");
	const struct json *ranks = ranks_of(s);
	size_t n = json_count(ranks), shown = n;
	double slow = number(ledger, "slow"), most;
	struct rank *list;
	int host_width = 4;
	char head[200];

	if (n == 0 || lines < FRAME_LINES + 1)
		return;
	list = fl_calloc(n, sizeof(*list));
	most = take_ranks(ranks, list, n, &host_width);
	if (n > (size_t)(lines - FRAME_LINES)) {
		shown = (size_t)(lines - FRAME_LINES) - 1;
		qsort(list, n, sizeof(*list), by_own);
	}
	put_slow(s, ledger);
	snprintf(head, sizeof(head), "%5s  %-*s %*s %*s %*s %*s %*s %*s",
		 "rank", host_width, "host", NUMBER, "images/s", NUMBER,
		 "own ms", BAR, "", NUMBER, "computing", NUMBER, "pictures",
		 NUMBER, "waiting");
	screen_put(s, SCREEN_BOLD, head);
	for (size_t i = 0; i < shown; i++)
		put_rank(s, &list[i], host_width, most,
			 number(list[i].json, "rank") == slow);
	if (shown < n) {
		snprintf(head, sizeof(head), "%5s  and %zu more, each faster",
			 "", n - shown);
		screen_put(s, SCREEN_PLAIN, head);
	}
	free(list);
}

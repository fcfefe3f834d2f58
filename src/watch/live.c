/* live.c - where a run stands, its speed and its ranks, above the curves of
 * page/page.h and in its style.
 *
 * The same as screen.c says to a terminal. Once the run is over the page stays as
 * it is. */
#include "watch/live.h"

#include "page/html.h"
#include "page/page.h"

#include <math.h>
#include <stdio.h>

/* People read; a page that is renewed more often is a nuisance. */
#define RENEW_S 5.0

static double number(const struct json *o, const char *key)
{
	return json_real_or(o, key, NAN);
}

static void tile(struct fl_str *out, const char *name, const char *text)
{
	fl_str_addf(out, "<div><dt>%s</dt><dd>", name);
	html_text(out, text);
	fl_str_add(out, "</dd></div>");
}

/* "3 of 80"; nothing where it is not known. */
static void tile_of(struct fl_str *out, const char *name, double v, double all)
{
	char text[64];

	if (!isfinite(v))
		return;
	if (isfinite(all))
		snprintf(text, sizeof(text), "%.0f of %.0f", v, all);
	else
		snprintf(text, sizeof(text), "%.0f", v);
	tile(out, name, text);
}

static void tile_time(struct fl_str *out, const char *name, double seconds)
{
	long s = seconds < 1e9 ? (long)seconds : 0;
	char text[64];

	if (!(seconds >= 0))
		return;
	snprintf(text, sizeof(text), "%ld:%02ld:%02ld", s / 3600, s / 60 % 60,
		 s % 60);
	tile(out, name, text);
}

static void tile_number(struct fl_str *out, const char *name, double v)
{
	char text[64];

	if (!isfinite(v))
		return;
	snprintf(text, sizeof(text), "%.4g", v);
	tile(out, name, text);
}

static void add_tiles(const struct json *o, struct fl_str *out)
{
	double all = number(o, "epochs") * number(o, "steps_per_epoch");

	fl_str_add(out,
		   "<section id=\"now\"><h2>Now</h2>\n<dl class=\"tiles\">");
	tile(out, "state", json_text_or(o, "state", "?"));
	tile_of(out, "epoch", number(o, "epoch") + 1, number(o, "epochs"));
	tile_of(out, "step", number(o, "step"), all);
	tile_time(out, "eta", number(o, "eta_s"));
	tile_time(out, "since the last line", number(o, "quiet_s"));
	tile_number(out, "images a second", number(o, "images_per_s"));
	tile_number(out, "ms a step", number(o, "step_ms"));
	tile_number(out, "of it waiting for pictures", number(o, "data_ms"));
	tile_number(out, "of it waiting for other ranks", number(o, "wait_ms"));
	tile_number(out, "loss", number(o, "loss"));
	tile_number(out, "learning rate", number(o, "lr"));
	tile_number(out, "AP", number(o, "ap"));
	tile_number(out, "best AP", number(o, "best_ap"));
	fl_str_add(out, "</dl></section>\n");
}

static void add_slow(const struct json *ledger, struct fl_str *out)
{
	const char *cause = json_text_or(ledger, "cause", "");
	double slow = number(ledger, "slow");

	fl_str_add(out, *cause ? "<p class=\"note\">" : "<p>");
	if (!*cause)
		fl_str_add(out, "No rank holds up the others.");
	else if (slow >= 0)
		fl_str_addf(out, "Rank %.0f holds up the others for ", slow);
	else
		fl_str_add(out, "All ranks alike lose ");
	if (*cause) {
		html_number(out, number(ledger, "costs_ms"), 4);
		fl_str_add(out, " ms of each step: ");
		html_text(out, cause);
		fl_str_add(out, ".");
	}
	fl_str_add(out, "</p>\n");
}

static void add_rank(const struct json *rank, struct fl_str *out)
{
	static const char *const keys[] = { "images_per_s", "step_ms",
					    "compute_ms", "data_ms",
					    "wait_ms" };

	fl_str_add(out, "<tr><th scope=\"row\">");
	html_number(out, number(rank, "rank"), 6);
	fl_str_add(out, "</th><td>");
	html_text(out, json_text_or(rank, "host", ""));
	fl_str_add(out, "</td>");
	for (size_t i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
		fl_str_add(out, "<td class=\"n\">");
		html_number(out, number(rank, keys[i]), 4);
		fl_str_add(out, "</td>");
	}
	fl_str_add(out, "</tr>\n");
}

static void add_ranks(const struct json *ledger, struct fl_str *out)
{
	static const char *const words[] = { "rank",	  "host",
					     "images/s",  "ms a step",
					     "computing", "pictures",
					     "waiting" };
	const struct json *ranks = json_get(ledger, "ranks");

	if (json_count(ranks) == 0)
		return;
	fl_str_add(out, "<section id=\"ranks\"><h2>Ranks</h2>\n");
	add_slow(ledger, out);
	fl_str_add(out, "<div class=\"wide tall\"><table><thead><tr>");
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
		fl_str_addf(out, "<th scope=\"col\">%s</th>", words[i]);
	fl_str_add(out, "</tr></thead><tbody>\n");
	for (size_t i = 0; i < json_count(ranks); i++)
		add_rank(json_at(ranks, i), out);
	fl_str_add(out, "</tbody></table></div></section>\n");
}

void live_page(const struct page_run *run, const struct json *status,
	       double every, struct fl_str *out)
{
	struct fl_str part = FL_STR_INIT;
	bool over = json_bool_or(status, "over", false);

	add_tiles(status, &part);
	add_ranks(json_get(status, "ledger"), &part);
	fl_str_add(&part,
		   "<p>The whole page of the run, as of its last evaluation: "
		   "<a href=\"/" PAGE_FILE "\">" PAGE_FILE "</a></p>\n");
	page_live(run, over ? 0 : (int)ceil(fmax(every, RENEW_S)),
		  fl_str_get(&part), out);
	fl_str_release(&part);
}

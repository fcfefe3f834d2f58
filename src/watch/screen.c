/* screen.c - the lines above curves and ranks, and how the room is shared.
 *
 * Called for every new document and when the window changes. The lines on top
 * always have their room; the ranks get what they need up to half of what is
 * left, and the curves all else (screen_curves.c, screen_ranks.c). Texts come
 * from files and from other machines: a byte that is no letter becomes '?', so
 * that nobody's file name moves the cursor. */
#include "watch/screen_priv.h"

#include "text/utf8.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

/* Without a new line for so long people want to know. */
#define QUIET_S 60

static double number(const struct json *o, const char *key)
{
	return json_real_or(o, key, NAN);
}

/* From here on most letters of East Asia are two columns wide. */
static int width_of(const char *letter, size_t len)
{
	return len >= 3 && (unsigned char)letter[0] >= 0xe3 &&
			       (unsigned char)letter[0] != 0xef
		       ? 2
		       : 1;
}

int screen_add(struct fl_str *out, const char *text, int columns)
{
	int used = 0;

	for (const char *at = text; *at;) {
		size_t len = fl_utf8_len(at);
		/* Controls of one byte, and those of Latin-1 in two. */
		bool control = len == 0 || (unsigned char)*at < ' ' ||
			       *at == 0x7f ||
			       ((unsigned char)at[0] == 0xc2 &&
				(unsigned char)at[1] < 0xa0);
		int wide = control ? 1 : width_of(at, len);

		if (used + wide > columns)
			break;
		if (control)
			fl_str_add(out, "?");
		else
			fl_str_addn(out, at, len);
		used += wide;
		at += len ? len : 1;
	}
	return used;
}

int screen_columns(const char *text)
{
	struct fl_str s = FL_STR_INIT;
	int n = screen_add(&s, text, 1 << 20);

	fl_str_release(&s);
	return n;
}

void screen_put(struct screen *s, enum screen_style style, const char *text)
{
	static const char *const begin[] = { "", "\x1b[1m", "\x1b[33m" };

	if (s->lines >= s->size.rows)
		return;
	s->lines++;
	if (s->size.colors)
		fl_str_add(s->out, begin[style]);
	screen_add(s->out, text, s->size.columns);
	if (s->size.colors && style != SCREEN_PLAIN)
		fl_str_add(s->out, "\x1b[0m");
	fl_str_add(s->out, "\n");
}

static void add_time(struct fl_str *out, double seconds)
{
	double whole = floor(seconds);
	int days = whole < 86400 * 9999.0 ? (int)(whole / 86400) : 9999;
	int rest = (int)fmod(whole, 86400);

	if (days)
		fl_str_addf(out, "%d d ", days);
	fl_str_addf(out, "%d:%02d:%02d", rest / 3600, rest / 60 % 60,
		    rest % 60);
}

static double part_done(const struct json *o)
{
	double all = number(o, "epochs") * number(o, "steps_per_epoch");
	double part = number(o, "step") / all;

	return all > 0 ? fmin(fmax(part, 0), 1) : NAN;
}

static void add_progress(const struct json *o, struct fl_str *out)
{
	double all = number(o, "epochs") * number(o, "steps_per_epoch");
	double part = part_done(o), eta = number(o, "eta_s");

	if (isfinite(number(o, "epoch")))
		fl_str_addf(out, "  epoch %.0f", number(o, "epoch") + 1);
	if (isfinite(number(o, "epoch")) && isfinite(number(o, "epochs")))
		fl_str_addf(out, " of %.0f", number(o, "epochs"));
	if (isfinite(number(o, "step")))
		fl_str_addf(out, "  step %.0f", number(o, "step"));
	if (isfinite(part))
		fl_str_addf(out, " of %.0f (%.1f %%)", all, 100 * part);
	if (eta >= 0) {
		fl_str_add(out, "  eta ");
		add_time(out, eta);
	}
}

static void put_head(struct screen *s)
{
	struct fl_str line = FL_STR_INIT;

	fl_str_addf(&line, "%s  %s", json_text_or(s->status, "name", "?"),
		    json_text_or(s->status, "state", "?"));
	add_progress(s->status, &line);
	screen_put(s, SCREEN_BOLD, fl_str_get(&line));
	fl_str_release(&line);
}

static void put_bar(struct screen *s)
{
	struct fl_str line = FL_STR_INIT;
	double part = part_done(s->status);
	int room = s->size.columns - 2, full;

	if (!isfinite(part))
		return;
	full = (int)(part * room);
	fl_str_add(&line, "[");
	for (int i = 0; i < room; i++)
		fl_str_add(&line, i >= full	    ? " "
				  : s->size.unicode ? "━"
						    : "=");
	fl_str_add(&line, "]");
	screen_put(s, SCREEN_PLAIN, fl_str_get(&line));
	fl_str_release(&line);
}

/* What a step's time goes into, of rank 0. */
static void add_parts(const struct json *o, struct fl_str *out)
{
	double step = number(o, "step_ms");
	double data = fmax(number(o, "data_ms"), 0);
	double wait = fmax(number(o, "wait_ms"), 0);

	if (!(step > 0))
		return;
	fl_str_addf(out,
		    "  step %.4g ms: %.0f %% computing, %.0f %% pictures, "
		    "%.0f %% other ranks",
		    step, 100 * fmax(step - data - wait, 0) / step,
		    100 * data / step, 100 * wait / step);
}

static void put_speed(struct screen *s)
{
	const struct json *o = s->status;
	struct fl_str line = FL_STR_INIT;

	if (isfinite(number(o, "images_per_s")))
		fl_str_addf(&line, "%.4g images/s", number(o, "images_per_s"));
	add_parts(o, &line);
	if (line.len)
		screen_put(s, SCREEN_PLAIN, fl_str_get(&line));
	fl_str_release(&line);
}

static void put_score(struct screen *s)
{
	const struct json *o = s->status;
	struct fl_str line = FL_STR_INIT;

	if (isfinite(number(o, "loss")))
		fl_str_addf(&line, "loss %.4g  ", number(o, "loss"));
	if (isfinite(number(o, "lr")))
		fl_str_addf(&line, "lr %.4g  ", number(o, "lr"));
	if (isfinite(number(o, "ap")))
		fl_str_addf(&line, "AP %.3f", number(o, "ap"));
	if (isfinite(number(o, "ap50")))
		fl_str_addf(&line, ", AP50 %.3f", number(o, "ap50"));
	if (isfinite(number(o, "best_ap")))
		fl_str_addf(&line, "; best AP %.3f (epoch %.0f)",
			    number(o, "best_ap"), number(o, "best_epoch") + 1);
	if (line.len)
		screen_put(s, SCREEN_PLAIN, fl_str_get(&line));
	fl_str_release(&line);
}

static void put_warnings(struct screen *s)
{
	const struct json *o = s->status, *notes = json_get(o, "notes");
	const char *state = json_text_or(o, "state", "");
	double quiet = number(o, "quiet_s");
	struct fl_str line = FL_STR_INIT;

	if (strcmp(state, "not at work") == 0)
		screen_put(s, SCREEN_WARNING,
			   "nobody is at work here and there is no summary: "
			   "the run was killed");
	if (strcmp(state, "at work") == 0 && quiet >= QUIET_S) {
		fl_str_add(&line, "no new line for ");
		add_time(&line, quiet);
		screen_put(s, SCREEN_WARNING, fl_str_get(&line));
	}
	if (strcmp(state, "at work") == 0 && number(o, "step") == 0)
		screen_put(s, SCREEN_PLAIN, "no step is logged yet");
	fl_str_release(&line);
	for (size_t i = 0; i < json_count(notes) && i < 4; i++) {
		const char *text = "";

		if (json_text(json_at(notes, i), &text))
			screen_put(s, SCREEN_WARNING, text);
	}
}

void screen_draw(const struct json *status, const struct screen_size *size,
		 struct fl_str *out)
{
	struct screen s = { .status = status, .size = *size, .out = out };
	int left, ranks;

	if (s.size.columns < SCREEN_COLUMNS)
		s.size.columns = SCREEN_COLUMNS;
	if (s.size.rows < SCREEN_ROWS)
		s.size.rows = SCREEN_ROWS;
	put_head(&s);
	put_bar(&s);
	put_speed(&s);
	put_score(&s);
	put_warnings(&s);
	left = s.size.rows - s.lines;
	ranks = screen_rank_lines(&s);
	ranks = ranks > left / 2 ? left / 2 : ranks;
	screen_curves(&s, left - ranks);
	screen_ranks(&s, s.size.rows - s.lines);
}

void screen_line(const struct json *o, struct fl_str *out)
{
	const struct json *ledger = json_get(o, "ledger");
	const char *cause = json_text_or(ledger, "cause", "");
	struct fl_str line = FL_STR_INIT;

	fl_str_add(&line, json_text_or(o, "state", "?"));
	add_progress(o, &line);
	if (isfinite(number(o, "loss")))
		fl_str_addf(&line, "  loss %.4g", number(o, "loss"));
	if (isfinite(number(o, "images_per_s")))
		fl_str_addf(&line, "  %.4g images/s",
			    number(o, "images_per_s"));
	if (isfinite(number(o, "ap")))
		fl_str_addf(&line, "  AP %.3f", number(o, "ap"));
	if (*cause && number(ledger, "slow") >= 0)
		fl_str_addf(&line, "  slow: rank %.0f (%s)",
			    number(ledger, "slow"), cause);
	screen_add(out, fl_str_get(&line), 1 << 12);
	fl_str_release(&line);
}

/* show.c - asks for the status, draws it, waits.
 *
 * A run that starts anew moves a folder away, and a page that is served goes
 * down with its machine's network for a moment: an error counts once it has
 * stayed for SHOW_GRACE_S. Signals set a flag and end the wait; Ctrl-Z gives the
 * terminal back first. */
#include "watch/show.h"

#include "base/clock.h"
#include "base/str.h"
#include "watch/screen.h"
#include "watch/signals.h"
#include "watch/terminal.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

bool show_speaks_utf8(void)
{
	static const char *const names[] = { "LC_ALL", "LC_CTYPE", "LANG" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *text = getenv(names[i]);

		if (!text || !*text)
			continue;
		for (; *text; text++)
			if (strncasecmp(text, "utf-8", 5) == 0 ||
			    strncasecmp(text, "utf8", 4) == 0)
				return true;
		return false;
	}
	return false;
}

static void draw(const struct json *status, struct fl_str *out)
{
	const char *plain = getenv("NO_COLOR");
	struct screen_size size = { .unicode = show_speaks_utf8(),
				    .colors = terminal_is() &&
					      !(plain && *plain) };

	terminal_size(&size.columns, &size.rows);
	screen_draw(status, &size, out);
}

/* What a run looks like at the end of the watching stays on the terminal. */
static void print(const struct json *status)
{
	struct fl_str text = FL_STR_INIT;

	draw(status, &text);
	fputs(fl_str_get(&text), stdout);
	fflush(stdout);
	fl_str_release(&text);
}

static void redraw(const struct json *status)
{
	struct fl_str text = FL_STR_INIT;

	draw(status, &text);
	terminal_replace(fl_str_get(&text));
	fl_str_release(&text);
}

/* A line where a step more is logged or the state is another. */
static void print_news(const struct json *status, struct fl_str *last)
{
	struct fl_str key = FL_STR_INIT, line = FL_STR_INIT;

	fl_str_addf(&key, "%s %.0f %g", json_text_or(status, "state", ""),
		    json_real_or(status, "step", 0),
		    json_real_or(status, "ap", -1));
	if (key.len != last->len || memcmp(key.data, last->data, key.len)) {
		screen_line(status, &line);
		puts(fl_str_get(&line));
		fflush(stdout);
	}
	fl_str_clear(last);
	fl_str_add(last, fl_str_get(&key));
	fl_str_release(&key);
	fl_str_release(&line);
}

/* Until it is time to ask again, or a signal came. */
static void wait_a_while(const struct json *status, double seconds)
{
	double until = fl_now_s() + seconds;

	while (!signals_ended() && fl_now_s() < until) {
		bool fit;

		fl_sleep_s(fmin(until - fl_now_s(), 0.2));
		fit = signals_take_resize();
		if (signals_take_stop()) {
			terminal_leave();
			raise(SIGSTOP);
			terminal_enter();
			fit = true;
		}
		if (fit && status && terminal_is())
			redraw(status);
	}
}

/* One round: *status is the newest there is. */
static int look(const struct watch_source *source, struct json **status,
		double *failing, struct fl_err *err)
{
	struct json *now = NULL;
	int rc = source->ask(source->self, &now, err);

	if (rc == 0) {
		json_free(*status);
		*status = now;
		*failing = 0;
		return 0;
	}
	if (*failing == 0)
		*failing = fl_now_s();
	return *status && fl_now_s() - *failing < SHOW_GRACE_S ? 0 : rc;
}

static int follow_run(const struct watch_source *source, double every,
		      struct json **status, struct fl_err *err)
{
	struct fl_str last = FL_STR_INIT;
	double failing = 0;
	int rc = 0;

	while (!signals_ended()) {
		rc = look(source, status, &failing, err);
		if (rc != 0)
			break;
		if (terminal_is()) {
			terminal_enter();
			redraw(*status);
		} else {
			print_news(*status, &last);
		}
		if (json_bool_or(*status, "over", false) && failing == 0)
			break;
		wait_a_while(*status, every);
	}
	fl_str_release(&last);
	return rc;
}

int show_run(const struct watch_source *source,
	     const struct show_options *options, struct fl_err *err)
{
	struct signals signals;
	struct json *status = NULL;
	int rc;

	/* The run is the one that matters. */
	if (nice(10) == -1) { /* it is as nice as it may be */
	}
	signals_catch(&signals);
	if (options->once) {
		rc = source->ask(source->self, &status, err);
		if (rc == 0)
			print(status);
	} else {
		rc = follow_run(source, options->every, &status, err);
		terminal_leave();
		if (status && terminal_is())
			print(status);
	}
	signals_let(&signals);
	json_free(status);
	return rc;
}

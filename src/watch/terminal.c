/* terminal.c - control sequences that every terminal of today takes (ECMA-48, and
 * xterm's other screen), so that no library of terminals is needed.
 *
 * A new picture is written over the old one line by line, each cleared to its
 * end, in one piece: clearing the window first would make it flicker. The last
 * line has no newline behind it, which would move all up. */
#include "watch/terminal.h"

#include "base/str.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool entered;

bool terminal_is(void)
{
	const char *kind = getenv("TERM");

	return isatty(STDOUT_FILENO) && kind && strcmp(kind, "dumb") != 0;
}

static int of_variable(const char *name, int otherwise)
{
	const char *text = getenv(name);
	long n = text ? strtol(text, NULL, 10) : 0;

	return n > 0 && n <= 1000 ? (int)n : otherwise;
}

void terminal_size(int *columns, int *rows)
{
	struct winsize size;

	*columns = of_variable("COLUMNS", 80);
	*rows = of_variable("LINES", 40);
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 &&
	    size.ws_row > 0) {
		*columns = size.ws_col;
		*rows = size.ws_row;
	}
}

void terminal_enter(void)
{
	if (entered || !terminal_is())
		return;
	entered = true;
	fputs("\x1b[?1049h\x1b[?25l\x1b[H\x1b[2J", stdout);
	fflush(stdout);
}

void terminal_leave(void)
{
	if (!entered)
		return;
	entered = false;
	fputs("\x1b[?25h\x1b[?1049l", stdout);
	fflush(stdout);
}

void terminal_replace(const char *lines)
{
	struct fl_str all = FL_STR_INIT;

	fl_str_add(&all, "\x1b[H");
	for (const char *at = lines; *at;) {
		size_t len = strcspn(at, "\n");

		fl_str_addn(&all, at, len);
		fl_str_add(&all, "\x1b[K");
		at += len + (at[len] == '\n');
		if (*at)
			fl_str_add(&all, "\n");
	}
	fl_str_add(&all, "\x1b[J");
	fputs(fl_str_get(&all), stdout);
	fflush(stdout);
	fl_str_release(&all);
}

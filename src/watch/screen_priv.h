/* screen_priv.h - a screen being filled, line by line; for src/watch. */
#ifndef FL_WATCH_SCREEN_PRIV_H
#define FL_WATCH_SCREEN_PRIV_H

#include "watch/screen.h"

struct screen {
	const struct json *status;
	struct screen_size size;
	int lines; /* so many are in out */
	struct fl_str *out;
};

enum screen_style {
	SCREEN_PLAIN,
	SCREEN_BOLD,
	SCREEN_WARNING
};

/* Cut to the width; dropped where the screen is full. */
void screen_put(struct screen *s, enum screen_style style, const char *text);
/* Columns that a text takes; its first ones, up to so many. Returns how many. */
int screen_columns(const char *text);
int screen_add(struct fl_str *out, const char *text, int columns);

/* The curves, in at most so many lines; the table of ranks and who is slow. */
void screen_curves(struct screen *s, int lines);
int screen_rank_lines(const struct screen *s);
void screen_ranks(struct screen *s, int lines);

#endif

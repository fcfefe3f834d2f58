/* screen.h - a run's status (watch/status.h) as lines for a terminal.
 *
 * Also of a document that came over the network: what is not there is left out,
 * and of texts only letters are shown, no controls.
 */
#ifndef FL_WATCH_SCREEN_H
#define FL_WATCH_SCREEN_H

#include "base/str.h"
#include "text/json.h"

#include <stdbool.h>

struct screen_size {
	int columns,
		rows; /* at least SCREEN_COLUMNS and SCREEN_ROWS are used */
	bool unicode, colors;
};

#define SCREEN_COLUMNS 20
#define SCREEN_ROWS 5

/* At most rows lines of at most columns letters, each with its '\n'. */
void screen_draw(const struct json *status, const struct screen_size *size,
		 struct fl_str *out);
/* One line of the newest numbers, for what is no terminal; no '\n'. */
void screen_line(const struct json *status, struct fl_str *out);

#endif

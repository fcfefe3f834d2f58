/* show.h - a run's status on a terminal, redrawn until the run is over.
 *
 * On a terminal the lines fill its window (and follow its size) and the last ones
 * stay behind; elsewhere there is one line each time that a step was logged.
 * Ctrl-C ends the watching and is no error.
 *
 * Threads: the main one; signals are caught until it returns.
 */
#ifndef FL_WATCH_SHOW_H
#define FL_WATCH_SHOW_H

#include "base/err.h"
#include "text/json.h"

#include <stdbool.h>

struct watch_source {
	/* The status (watch/status.h), the caller's to free; asked once every
	 * so often. */
	int (*ask)(void *self, struct json **out, struct fl_err *err);
	void *self;
};

struct show_options {
	bool once;    /* print it and return */
	double every; /* seconds */
};

/* An error of the source ends it when it stays for so many seconds. */
#define SHOW_GRACE_S 5.0
int show_run(const struct watch_source *source,
	     const struct show_options *options, struct fl_err *err);

/* Is the environment's language (LC_ALL, LC_CTYPE, LANG) written in UTF-8? Tests
 * call it. */
bool show_speaks_utf8(void);

#endif

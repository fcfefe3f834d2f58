/* serve.h - a run's status over HTTP, until Ctrl-C:
 *
 *     /              a page that renews itself, without a script
 *     /status.json   watch/status.h; what `flotilla watch HOST:PORT` asks for
 *     /report.html   the run's page, as its folder has it
 *
 * Threads: the main one; signals are caught until it returns.
 */
#ifndef FL_WATCH_SERVE_H
#define FL_WATCH_SERVE_H

#include "watch/follow.h"

struct serve_options {
	const char *address, *token;
	int port;
	double every; /* seconds between two looks at the folder */
};

int serve_run(struct followed *f, const struct serve_options *options,
	      struct fl_err *err);

#endif

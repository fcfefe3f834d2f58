/* live.h - a run's status as a page that a browser renews. */
#ifndef FL_WATCH_LIVE_H
#define FL_WATCH_LIVE_H

#include "page/run.h"
#include "text/json.h"

/* status: of this run (watch/status.h). */
void live_page(const struct page_run *run, const struct json *status,
	       double every, struct fl_str *out);

#endif

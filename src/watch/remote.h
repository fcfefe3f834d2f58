/* remote.h - the status of a run that another machine serves (watch/serve.h).
 *
 * Threads: any.
 */
#ifndef FL_WATCH_REMOTE_H
#define FL_WATCH_REMOTE_H

#include "base/err.h"
#include "text/json.h"

#include <stdbool.h>

struct remote {
	char host[256], port[8];
	const char *token; /* "": none; borrowed */
};

/* "HOST:PORT", "[ADDRESS]:PORT", also behind "http://" and before "/". False
 * where the word is no such thing. */
bool remote_parse(const char *word, struct remote *out);
/* FL_EPEER where the machine does not answer in time, FL_EUSAGE where it wants
 * another token, FL_EDATA where what it says is no status. */
int remote_ask(const struct remote *r, struct json **out, struct fl_err *err);

#endif

/* server.h - a few pages over HTTP, from the caller's own loop.
 *
 *     server_open()    listens; nothing is answered yet
 *     server_turn()    answers whoever asks, for at most so long
 *     server_close()
 *
 * Only GET and HEAD of the documents that the caller names are answered. With a
 * token, who asks must bring it: as "Authorization: Bearer TOKEN", or as the
 * password that a browser asks its user for. Without one only this machine may
 * ask, by a name that is this machine's, so that no page of a stranger can read
 * along in a browser.
 *
 * Threads: one.
 */
#ifndef FL_WATCH_SERVER_H
#define FL_WATCH_SERVER_H

#include "base/err.h"
#include "base/str.h"

struct server; /* opaque */

struct server_options {
	const char *address; /* of this machine, in digits or as a name */
	int port;	     /* 0: one that is free */
	const char *token;   /* "": none, on a loopback address alone */
	/* Fills out with the document of a path and returns its type, or NULL
	 * where there is none. */
	const char *(*document)(void *self, const char *path,
				struct fl_str *out);
	void *self;
};

/* FL_EUSAGE where the port is taken or the address wants a token, FL_EIO. */
int server_open(struct server **out, const struct server_options *options,
		struct fl_err *err);
/* "http://127.0.0.1:8080/"; borrowed. */
const char *server_url(const struct server *s);
void server_turn(struct server *s, double seconds);
void server_close(struct server *s);

/* Of the library that runs, "0.9.75". */
const char *server_library_version(void);

#endif

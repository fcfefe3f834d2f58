/* intro.h - how an agent introduces itself, and what comes of another's. */
#ifndef FL_LAUNCH_INTRO_H
#define FL_LAUNCH_INTRO_H

#include "launch/fleet/fleet_priv.h"

/* What a machine tells as soon as the link stands. */
struct intro {
	const char *line; /* command line, without what may differ */
	int count, devices[LAUNCH_MAX_TRAINERS];
	bool follow; /* its console shows every rank's lines */
};

extern const struct record intro_record;

/* This machine's, the caller's to free. */
struct json *intro_write(const struct launch_options *o,
			 const struct launch_plan *p);
/* That machine's: it is refused, or the job ended, where it was given another
 * line. */
void intro_heard(struct fleet *fleet, int host, const struct json *o);

#endif

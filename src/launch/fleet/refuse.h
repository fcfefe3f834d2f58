/* refuse.h - a machine that cannot take part tells those that wait for it. */
#ifndef FL_LAUNCH_REFUSE_H
#define FL_LAUNCH_REFUSE_H

#include "launch/plan/plan.h"

/* Says why on this console, and on every other machine of a job that has yet to
 * start, which then ends with the same status; for some seconds, while they come.
 * plan needs no more than its hosts, ports and line. Returns the exit status. */
int launch_refuse(const struct launch_options *options,
		  const struct launch_plan *plan, const struct fl_err *why);

#endif

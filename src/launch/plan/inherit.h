/* inherit.h - what a trainer inherits of the agent's own environment.
 *
 * Everything, but what another launcher or an outer fleetrun says about *rank*:
 * a program that looks there first would take itself for rank 0 of 1, or for a
 * rank of a job that it is no part of. What describes the scheduler's job and
 * the site (job number, folders, node list, proxies) stays.
 *
 * Threads: any.
 */
#ifndef FL_LAUNCH_INHERIT_H
#define FL_LAUNCH_INHERIT_H

#include <stdbool.h>

/* entry: "NAME=value". */
bool inherit_wanted(const char *entry);
/* Is there a proxy in this process's environment, of whatever spelling? */
bool inherit_has_proxy(void);

#endif

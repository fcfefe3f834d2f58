/* binding.h - OpenMP's variables that bind threads to cores.
 *
 * Site profiles set them for programs that have a machine to themselves. Each
 * of several trainers would count places from the first core on, and all would
 * sit on the same ones; so they do not come into the trainers' environment.
 */
#ifndef FL_LAUNCH_BINDING_H
#define FL_LAUNCH_BINDING_H

#include "launch/plan/plan.h"

/* Is this entry of our environment, "NAME=VALUE", one of them? Never where there
 * is one trainer. */
bool binding_takes_out(const char *entry, const struct launch_plan *p);
/* Which ones that will be, in a line, once. */
void binding_say(const struct launch_plan *p);

#endif

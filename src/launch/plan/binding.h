/* binding.h - OpenMP's variables that bind threads to cores.
 *
 * Site profiles set them for programs that have a machine to themselves. Each
 * of several trainers would count places from the first core on, and all would
 * sit on the same ones; so they are taken out of the trainers' environment.
 */
#ifndef FL_LAUNCH_BINDING_H
#define FL_LAUNCH_BINDING_H

#include "launch/plan/environ.h"

/* Of a trainer's environment; leaves all where there is one trainer. */
void binding_take_out(struct launch_environ *env, const struct launch_plan *p);
/* Which ones that will be, in a line, once. */
void binding_say(const struct launch_plan *p);

#endif

/* state.h - what this machine is at: told to the others, and kept in a file for
 * an agent that is started anew. */
#ifndef FL_LAUNCH_STATE_H
#define FL_LAUNCH_STATE_H

#include "launch/fleet/fleet_priv.h"

const char *fleet_host(const struct fleet *fleet, int host);
/* struct post over the links: frames of the attempt that is at hand. */
void fleet_open_post(struct fleet *fleet);

void fleet_enter(struct fleet *fleet, enum fleet_state state);
/* The job is over for this agent, which ends with this status. */
void fleet_over(struct fleet *fleet, int code);
/* To every machine, and into the fleet file; to one that has just come. */
void fleet_tell_state(struct fleet *fleet);
void fleet_tell_state_to(struct fleet *fleet, int host);
/* What an agent that was killed left in the fleet file. */
void fleet_remember(struct fleet *fleet);

#endif

/* rollcall.h - waiting for the machines of --ips. */
#ifndef FL_LAUNCH_ROLLCALL_H
#define FL_LAUNCH_ROLLCALL_H

#include "launch/fleet/fleet_priv.h"

/* In WAIT: begins when all are here and see each other, or gives up in time. */
void rollcall_turn(struct fleet *fleet);

#endif

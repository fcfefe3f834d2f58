/* guard.h - a small process in a session of its own that kills the trainers'
 * process groups when fleetrun dies without doing so (SIGKILL): trainers die
 * with their parent anyway, their children would not. */
#ifndef FL_LAUNCH_GUARD_H
#define FL_LAUNCH_GUARD_H

#include <sys/types.h>

/* What the guard is called in lists of processes: "pkill fleetrun", by name or
 * by command line, must not hit it too. */
#define GUARD_NAME "trainer-guard"

/* Returns the descriptor that keeps the guard quiet, or -1. */
int guard_start(void);
/* From now on the guard answers for this process group. */
void guard_add(int guard, pid_t group);
/* All trainers so far are gone; their numbers may soon be somebody else's. */
void guard_forget(int guard);
/* All trainers are gone: the guard ends without killing. */
void guard_dismiss(int guard);

#endif

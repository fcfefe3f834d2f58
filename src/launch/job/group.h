/* group.h - what the system tells of the processes of process groups.
 *
 * A trainer may be a shell that waits for the program proper: what is asked of
 * the program has to be asked of all processes of the group.
 *
 * Threads: any.
 */
#ifndef FL_LAUNCH_GROUP_H
#define FL_LAUNCH_GROUP_H

#include <stdbool.h>
#include <sys/types.h>

struct group_look {
	pid_t group; /* asked for */
	/* What of it runs, zombies not counted. */
	int members;
	/* One that is stopped: 'T' by a signal, 't' by a debugger; 0: none. */
	pid_t stopped;
	char how;
	/* One of them has a handler for SIGTERM. */
	bool catches;
};

/* Fills the looks in one pass over /proc. */
void group_look(struct group_look *looks, int count);

#endif

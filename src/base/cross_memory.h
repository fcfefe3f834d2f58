/* cross_memory.h - may processes of one user read each other's memory?
 *
 * Containers forbid process_vm_readv with a filter of system calls. Open MPI
 * finds out at each message, says so each time and goes another way; so it is
 * told before.
 *
 * Threads: main, while there is no other.
 */
#ifndef FL_BASE_CROSS_MEMORY_H
#define FL_BASE_CROSS_MEMORY_H

#include <stdbool.h>

/* Tries it, in processes of its own: a filter may kill who asks. */
bool fl_cross_memory(void);

/* What tells Open MPI to do without, of version 4 (its "vader") and from 5 on
 * (its "smsc"): name and value, up to a NULL. */
extern const char *const fl_cross_memory_off[][2];

#endif

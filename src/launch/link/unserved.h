/* unserved.h - what a rank may ask of its process manager and fleetrun has not:
 * published names, connections between jobs, spawned programs, groups of MPI's
 * sessions. The call fails in the program; the console says why.
 *
 * Threads: PMIx's own notes, the main thread takes.
 */
#ifndef FL_LAUNCH_UNSERVED_H
#define FL_LAUNCH_UNSERVED_H

/* The upcalls for these, into a module of PMIx's (pmix_server_module_t). */
void unserved_fill(void *module);
/* The MPI functions that were called since, one at a time; NULL: no more. */
const char *unserved_next(int *rank);

#endif

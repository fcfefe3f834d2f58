/* pmix_server.h - the PMIx server that Open MPI's ranks look for.
 *
 * Upcalls come on PMIx's own thread; they only note what happened. One machine
 * needs no fence of ours: the library does it alone.
 */
#ifndef FL_LAUNCH_PMIX_SERVER_H
#define FL_LAUNCH_PMIX_SERVER_H

#include "launch/environ.h"

int pmix_server_open(const char *host, int trainers, const char *folder,
		     struct fl_err *err);
/* Adds what rank needs to find the server. */
int pmix_server_join(int rank, struct launch_environ *env, struct fl_err *err);
/* Is the rank within MPI: joined, and not left? */
bool pmix_server_inside(int rank);
/* A rank called MPI_Abort: its status, else 0. */
int pmix_server_aborted(int rank);
void pmix_server_close(void);

#endif

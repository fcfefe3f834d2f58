/* pmi1.h - the process manager that MPICH, Intel MPI and their relatives look
 * for: PMI-1, lines of "cmd=.. key=value" on a socket that each rank inherits.
 *
 * It stands beside the PMIx server (pmix_server.h), and a rank sees whichever
 * its library asks for. Served: init, sizes, names of the job, put, get,
 * barrier, abort, finalize. What ranks put becomes everyone's at a barrier;
 * over several machines that is a fence as PMIx's (fences.h).
 *
 * Threads: the main thread. Nothing blocks.
 */
#ifndef FL_LAUNCH_PMI1_H
#define FL_LAUNCH_PMI1_H

#include "launch/link/pmix_server.h"

#include <poll.h>

struct pmi1;

/* A new attempt; layout is borrowed. unserved hears of calls that need what is
 * not served. */
struct pmi1 *pmi1_new(const struct layout *layout,
		      void (*unserved)(void *ctx, int rank, const char *what),
		      void *ctx);
/* NULL is fine. */
void pmi1_free(struct pmi1 *p);
/* The end of a trainer's socket that it is to inherit, the caller's to close,
 * with the variables that name it; or a negative code. */
int pmi1_join(struct pmi1 *p, int local, struct launch_environ *env,
	      struct fl_err *err);
/* At most one descriptor a trainer; returns how many. */
int pmi1_fds(const struct pmi1 *p, struct pollfd *fds);
/* Read and answer. */
void pmi1_turn(struct pmi1 *p);
/* The trainers here are all in a barrier and wait for other machines'. */
bool pmi1_next_fence(struct pmi1 *p, struct pmix_fence *out);
/* Is the trainer within MPI: joined, and not left? */
bool pmi1_inside(const struct pmi1 *p, int local);
/* It called MPI_Abort: its status, else 0. */
int pmi1_aborted(const struct pmi1 *p, int local);

#endif

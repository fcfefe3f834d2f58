/* pmix_server.h - the PMIx server that Open MPI's ranks look for.
 *
 * One server a process, one namespace an attempt of the job. Upcalls come on
 * PMIx's own thread; they only note what happened. On one machine PMIx needs
 * nothing from us; over several, a fence of the ranks becomes an exchange
 * between the agents (launch/carry/fences.h).
 *
 * Threads: the main thread calls; nothing here waits for more than 10 s.
 */
#ifndef FL_LAUNCH_PMIX_SERVER_H
#define FL_LAUNCH_PMIX_SERVER_H

#include "launch/plan/environ.h"

/* Of PMIx, as the library that runs tells. */
const char *launch_pmix_version(void);

/* host: this machine's name in --ips; index: its place there. */
int pmix_server_open(const char *host, int index, const char *folder,
		     struct fl_err *err);
/* A new attempt: all its ranks under a name of their own. */
int pmix_server_begin(const struct launch_plan *plan,
		      const struct layout *layout, struct fl_err *err);
/* All ranks of this machine are gone. */
void pmix_server_end(void);
/* Adds what a trainer of this machine needs to find the server. */
int pmix_server_join(int local, struct launch_environ *env, struct fl_err *err);
/* Is the trainer within MPI: joined, and not left? */
bool pmix_server_inside(int local);
/* A trainer called MPI_Abort: its status, else 0. */
int pmix_server_aborted(int local);
void pmix_server_close(void);

/* All ranks of this machine entered a fence, and wait for the others'. */
struct pmix_fence {
	char signature[512]; /* who takes part, as text */
	bool *seats;	     /* machines that do; its owner frees it */
	char *data;	     /* this machine's share; likewise */
	size_t size;
	/* Lets the ranks go on; data is the callee's then, malloc'd. */
	void (*answer)(const struct pmix_fence *fence, char *data, size_t size);
	void *ctx; /* of whoever answers */
};

/* Readable when a fence waits. */
int pmix_server_fd(void);
/* The next fence, or false. */
bool pmix_server_next_fence(struct pmix_fence *out);

#endif

/* fences.h - what MPI's ranks tell each other while they start, carried over
 * the machines.
 *
 * A fence is complete on a machine when the shares of all machines that take
 * part are here; each sends its own to all others. Fences are told apart by who
 * takes part and by a running number, so that a fast machine may be in the next
 * one already. The attempt stands in the frame: late shares are dropped.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_FENCES_H
#define FL_LAUNCH_FENCES_H

#include "launch/link/peers.h"
#include "launch/link/pmi1.h"

struct fences {
	struct fence *list;
	struct fence_count *counts; /* of the fences entered here */
	const struct layout *layout;
};

/* A new attempt; layout is borrowed. */
void fences_begin(struct fences *fences, const struct layout *layout);
/* Nobody waits any more. */
void fences_end(struct fences *fences);
/* Take what PMIx and PMI-1 handed over, tell the others, answer what is
 * complete. */
void fences_turn(struct fences *fences, struct peers *peers, struct pmi1 *pmi);
/* A share from the machine at this seat. */
void fences_heard(struct fences *fences, int seat,
		  const struct wire_frame *frame);

#endif

/* twin.h - a communicator of two ranks whose other rank has the same numbers, so
 * that sums are doubles of one's own and means are what they were. No MPI. */
#ifndef FL_TESTS_SUPPORT_TWIN_H
#define FL_TESTS_SUPPORT_TWIN_H

#include "comm/comm.h"

#include <stdatomic.h>

struct twin {
	struct comm base;
	/* Seen by the averager's thread. */
	atomic_int sums;      /* calls */
	atomic_int denormals; /* of those, with denormals kept */
};

void twin_init(struct twin *twin);

/* 1 where this thread keeps denormals. */
int keeps_denormals(void);

#endif

/* self.h - the communicator of a job of one rank: everything is a copy. */
#ifndef FL_COMM_SELF_SELF_H
#define FL_COMM_SELF_SELF_H

#include "comm/comm.h"

struct comm *comm_self_open(void);

#endif

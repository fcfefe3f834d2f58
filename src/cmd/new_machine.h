/* new_machine.h - how a proposal is changed, for what decides so. */
#ifndef FL_CMD_NEW_MACHINE_H
#define FL_CMD_NEW_MACHINE_H

#include "cmd/new_proposal.h"

/* Size of scoring, and those of training around it. */
void new_set_size(struct new_proposal *proposal, int size);
/* Batch, and what follows from it: epochs, warm-up, average. */
void new_set_batch(const struct new_facts *facts, struct new_proposal *proposal,
		   int batch);

#endif

/* job_network.h - the network that a command evaluates with: the recipe's model on
 * the job's device, with its weights and one plan. */
#ifndef FL_CMD_JOB_NETWORK_H
#define FL_CMD_JOB_NETWORK_H

#include "cmd/job.h"
#include "detect/network.h"

struct job_network {
	struct model *model;
	struct network net;
};

/* FL_ERECIPE where the recipe names no weights: asked before data are opened. */
int job_network_named(const struct job *job, struct fl_err *err);
/* reader: whose pictures it will look at. The job must outlive it. */
int job_network_open(struct job_network *n, const struct job *job,
		     const struct recipe_reader *reader, struct fl_err *err);
/* One that is all zero, or did not open, is fine. */
void job_network_close(struct job_network *n);

#endif

/* roles.h - jobs of parameter servers and workers (--run_mode ps).
 *
 * Who serves and who works follows from the command line alone, so that every
 * machine knows it of all: from the lists of endpoints (--servers, --workers),
 * or from the counts of each machine (--server_num, --worker_num). On a machine
 * the servers come first; ranks count through the machines in their order.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_ROLES_H
#define FL_LAUNCH_ROLES_H

#include "launch/plan/plan.h"

/* Do the options ask for parameter servers? Fails with FL_EUSAGE where they
 * contradict each other. */
int roles_wanted(const struct launch_options *options, bool *wanted,
		 struct fl_err *err);
/* The machines that --servers and --workers name, as --ips would. */
void roles_hosts(const struct launch_options *options, struct fl_str *ips);
/* Fills roles, servers, workers, count and shown of a plan whose hosts are
 * known. Ports that nobody chose are 0. */
int roles_make(const struct launch_options *options, struct launch_plan *plan,
	       struct fl_err *err);
/* The ports that nobody chose, now that the start port is known. */
int roles_ports(struct launch_plan *plan, struct fl_err *err);

/* What a rank is, or NULL where all are trainers; and its name for people:
 * "rank 3", "server 0", "worker 2". */
const struct launch_role *launch_role(const struct launch_plan *plan, int rank);
void launch_rank_name(const struct launch_plan *plan, int rank, char *buf,
		      size_t size);

#endif

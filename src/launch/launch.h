/* launch.h - fleetrun: one agent on a machine that starts one trainer per
 * device, gives each its identity, watches them, and ends them all when the
 * first one fails.
 *
 * The agent is the process manager that MPI expects: it holds a PMIx server
 * (launch/pmix_server.h). Everything runs on one poll loop; only PMIx has a
 * thread of its own, which hands its events over a pipe.
 */
#ifndef FL_LAUNCH_LAUNCH_H
#define FL_LAUNCH_LAUNCH_H

#include "base/err.h"

#include <stdbool.h>

struct launch_options {
	const char *ips, *host, *log_dir, *follow;
	const char *devices; /* "0,1" or NULL */
	int nproc_per_node;  /* 0: one per device */
	int start_port;
	double stop_timeout;
	bool dry_run;
};

#define LAUNCH_MAX_TRAINERS 64

/* Who is to be started where. */
struct launch_plan {
	char host[256];
	int count; /* trainers */
	int devices[LAUNCH_MAX_TRAINERS];
	bool has_gpu;
	int threads; /* of each trainer */
	int port;    /* MASTER_PORT */
	char **argv; /* the program with its arguments */
	char program[4096], note[512];
};

/* Options and program to a plan; FL_EUSAGE with a sentence. argv is the
 * program's, argc > 0. */
int launch_make_plan(const struct launch_options *options, int argc,
		     char **argv, struct launch_plan *plan, struct fl_err *err);
void launch_release_plan(struct launch_plan *plan);

/* A list such as "0,1,3"; returns how many, or a negative code. */
int launch_parse_devices(const char *text, int *out, struct fl_err *err);
/* Is this one of this machine's addresses or names? */
bool launch_is_own_address(const char *address);
/* Which file runs for PROGRAM, and a line that says so. self: this binary. */
int launch_choose_program(const char *self, int argc, char **argv,
			  struct launch_plan *plan, struct fl_err *err);

/* Run the plan to its end. Returns the exit status of the job: 0, the first
 * failing trainer's own, 128 + signal, 130 or 143 after a signal of ours. */
int launch_run(const struct launch_options *options,
	       const struct launch_plan *plan);
void launch_print_plan(const struct launch_options *options,
		       const struct launch_plan *plan);

#endif

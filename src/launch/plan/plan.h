/* plan.h - fleetrun: one agent on each machine that starts one trainer per
 * device, gives each its identity, watches them, and ends them all when the
 * first one fails, on every machine.
 *
 * The agent is the process manager that MPI expects: it holds a PMIx server
 * (launch/link/pmix_server.h) and carries its exchanges to the other machines'.
 * Everything runs on one poll loop; only PMIx has a thread of its own, which
 * hands its events over.
 *
 *     plan     what this machine was told: list, devices, program, ports; what
 *              its trainers are told: who has which rank, the environment
 *     link     how agents talk with each other, and MPI's ranks with theirs
 *     job      the trainers of this machine in one attempt
 *     measure  what links, machines and ranks can carry
 *     carry    what machines pass on: fences, copies of checkpoints, lines
 *     watch    duties while the trainers run: agreement, stalls, the ledger
 *     fleet    the job over all machines: roll call, start, faults, restarts
 */
#ifndef FL_LAUNCH_PLAN_H
#define FL_LAUNCH_PLAN_H

#include "base/err.h"
#include "base/str.h"
#include "launch/plan/hosts.h"
#include "text/option.h"

#include <stdbool.h>

struct launch_options {
	const char *ips, *host, *log_dir, *follow, *token;
	const char *devices; /* "0,1" or NULL */
	const char *nproc;   /* "4", "auto"; NULL */
	int nproc_per_node;  /* by nproc and the like; 0: one per device */
	int start_port, agent_port, mpi_ports; /* 0: the default */
	int max_restart; /* -1: 3 for programs that report checkpoints, else 0 */
	int min_hosts;	 /* 0: all */
	const char *run_mode; /* "collective", "ps"; NULL: by the rest */
	const char *servers, *workers; /* "HOST:PORT,.."; NULL */
	int server_num, worker_num;    /* of each machine; 0: not given */
	double join_timeout;	       /* s; negative: the default */
	double rejoin_timeout, peer_timeout, stop_timeout;
	const char *job_id;	   /* NULL: drawn */
	bool module;		   /* PROGRAM names a module of Python */
	struct option_list export; /* -x: "NAME=VALUE" or "NAME" */
	/* Options of other launchers (foreign_options.h); NULL: not given */
	const char *nnodes, *master, *backend, *meeting, *rdzv_conf;
	const char *machines;	   /* "A:2,B:2" of -H */
	struct fl_str machine_ips; /* what ips is then */
	int total;		   /* trainers of all machines; 0: not given */
	bool standalone;
	struct option_list passed;    /* those that mean nothing here */
	int node_rank, elastic_level; /* -1: not given */
	int master_port;	      /* 0: not given */
	double stall;		      /* s; 0: nobody looks */
	int ledger; /* steps between two looks at who is slow; 0: nobody looks */
	const char *stall_policy; /* "wait", "restart", "abort" */
	bool preflight; /* look thoroughly, and do no more than that */
	bool dry_run, version;
	bool frames; /* print the protocol, and do no more than that */
};

/* Of one machine: twice the cores of the largest today. Ports told to programs
 * lie below MPI's by this (start port + 1000). */
#define LAUNCH_MAX_TRAINERS 512

#define LAUNCH_JOIN_S 600.0 /* for all machines to come */
#define LAUNCH_RESTARTS 3   /* of programs that report checkpoints */

/* A process of a job with parameter servers. */
struct launch_role {
	bool server;
	int index; /* among the servers, or among the workers */
	int host;  /* place in --ips */
	int local; /* which process of its machine */
	int port;
};

/* Who is to be started here, and how. */
struct launch_plan {
	struct hosts hosts;
	struct launch_role *roles; /* by rank; NULL: all are trainers */
	int servers, workers;	   /* of all machines */
	bool alone;		   /* the only machine: no agent port */
	int count; /* trainers of this machine, or servers and workers */
	int shown; /* which of them the console shows */
	int devices[LAUNCH_MAX_TRAINERS];
	bool has_gpu;
	int threads;	  /* of each trainer */
	bool fixed_ports; /* the user chose, or there are several machines */
	int port;	  /* endpoints told to programs begin here */
	int agent_port;
	int mpi_ports; /* MPI's, 4 a trainer; 0: any */
	char **argv;   /* the program with its arguments */
	char program[4096], note[512];
	bool cross_memory; /* processes may read each other's memory */
	const char *token; /* that all agents know; "" : none */
	bool preflight;	 /* of the options: trainers of ours only time steps */
	bool module;	 /* of the options */
	bool trains;	 /* it is our trainer: it goes on from checkpoints */
	char *line;	 /* the command line, without what may differ */
	int max_restart; /* as far as it is known before they start */
	const char *job_id; /* the user's name for the job; NULL */
	int master_port;    /* of the user's; 0: above the endpoints */
};

#endif

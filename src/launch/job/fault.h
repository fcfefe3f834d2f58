/* fault.h - what went wrong, as one report for every machine.
 *
 * A report is made where the fault was seen, travels as JSON and is read again
 * where somebody looks into it. A verdict is what follows from the first fault:
 * every machine prints and obeys the same one.
 *
 * Ownership: reports and verdicts are documents of whoever made or received
 * them; texts of the structs are borrowed from them.
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_FAULT_H
#define FL_LAUNCH_FAULT_H

#include "launch/job/trainer.h"

#define FAULT_TRAINER_KIND "trainer"

struct fault {
	const char *kind; /* "trainer", "machine", "agent", "stall", .. */
	const char *host;
	int status;	 /* exit status that follows */
	const char *end; /* what happened, in words */
	/* Of a trainer: */
	int rank, device, signal;
	const char *name; /* "rank 3", "server 0" */
	bool aborted;	  /* it called MPI_Abort */
	bool memory;	  /* it was killed for want of memory */
	const char *said; /* its own sentence */
	const char *phase;
	int64_t step;
	const char *log, *tail; /* the last lines of it */
	/* Of a stall: */
	bool final;  /* the policy is to end the job */
	bool speaks; /* by programs that know our protocol */
};

extern const struct record fault_record;

/* why: a sentence where the exit status does not tell it. status: the job's, if
 * this is the first fault. */
struct json *fault_of_trainer(const struct launch_plan *plan,
			      const struct layout *layout,
			      const struct trainer *t, const char *why,
			      int status);
/* A machine, or its agent, or what the machines have to do with each other. */
struct json *fault_of_machine(const char *kind, const char *host,
			      const char *end, enum fl_code code);
/* Nothing moves, and --stall_policy is not to wait. */
struct json *fault_of_stall(const char *end, bool final);

/* What a trainer is at, as "rank 3 (10.0.0.2, device 1) was in ..."; false when
 * it does not tell. */
bool fault_where(const struct launch_plan *plan, const struct layout *layout,
		 const struct trainer *t, struct fl_str *out);
bool fault_is_of_trainer(const struct fault *fault);
/* What happened to whom, as one line. */
void fault_line(const struct fault *fault, struct fl_str *out);
/* Two faults with the same key are the same fault. "" for one that somebody
 * else caused: a signal from outside, a lost machine. */
void fault_key(const struct fault *fault, struct fl_str *out);

struct verdict {
	const struct json *fault;
	const struct json *others; /* lines: what others were at */
	int code;		   /* exit status of the job */
	const char *key;	   /* of the fault */
	int64_t step;		   /* of the newest checkpoint */
	bool restart;
	int restarts;	  /* used with this one */
	const char *note; /* what happens next, for people */
};

/* Without it, a verdict that ends a job before any fault was looked into. */
enum {
	VERDICT_JUDGED = 1
};
extern const struct record verdict_record;

/* Print a verdict and write it as <log_dir>/fault.json. */
void verdict_print(const struct json *verdict, const char *log_dir);

#endif

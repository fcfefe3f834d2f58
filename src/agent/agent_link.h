/* agent_link.h - what a trainer tells the agent (fleetrun) that started it.
 *
 * FLOTILLA_AGENT_FD names a socket for lines of JSON, FLOTILLA_STATUS the
 * descriptor of a shared page. Where they are absent every call does nothing, so
 * trainers need not know who started them. docs/launch-protocol.md has the
 * format.
 *
 * Threads: the training thread. Nothing here blocks, a full socket drops the
 * line; only agent_link_agree() waits, bounded.
 */
#ifndef FL_AGENT_AGENT_LINK_H
#define FL_AGENT_AGENT_LINK_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define AGENT_FD_VARIABLE "FLOTILLA_AGENT_FD"
#define AGENT_STATUS_VARIABLE "FLOTILLA_STATUS"

/* The shared page; the trainer writes, the agent reads. Whoever moves on changes
 * one of the counters. */
struct agent_status {
	uint32_t version; /* 1 */
	int64_t step;
	char phase[32];		 /* "data", "step", "eval", "checkpoint" */
	atomic_llong collective; /* number of the last one entered */
	atomic_int inside;	 /* threads that are in one now */
	atomic_llong beat;	 /* any other progress */
	/* Training steps so far, and their time in microseconds: all of it,
	 * waiting for the loader, waiting for other ranks. */
	atomic_llong steps, step_us, data_us, wait_us;
};

#define AGENT_RESUME_VARIABLE "FLOTILLA_RESUME"	  /* a checkpoint */
#define AGENT_ATTEMPT_VARIABLE "FLOTILLA_ATTEMPT" /* 0: the first */
#define AGENT_JOB_VARIABLE "FLOTILLA_JOB" /* the same word in all attempts */
/* Ranks that the job began with */
#define AGENT_RANKS_VARIABLE "FLOTILLA_BATCH_RANKS"
/* "1": time a few steps, alone, and end */
#define AGENT_PREFLIGHT_VARIABLE "FLOTILLA_PREFLIGHT"
#define AGENT_RESTARTS_VARIABLE "FLOTILLA_RESTARTS" /* so far */

void agent_link_open(void);
/* Is there an agent? */
bool agent_link_is_open(void);
void agent_link_phase(int64_t step, const char *phase);
/* Around every collective operation, from any thread. */
void agent_link_enter(void);
void agent_link_leave(void);
/* Progress within a phase that takes long; from any thread. */
void agent_link_beat(void);
/* A training step has ended; seconds. */
void agent_link_step(double step_s, double data_s, double wait_s);
/* {"event":"fault","status":3,"text":"..."} */
void agent_link_fault(int status, const char *text);
/* {"event":"checkpoint","step":360,"path":"..."} */
void agent_link_checkpoint(int64_t step, const char *path);

/* What the agent cannot know of a model: {"event":"model", ...}. */
struct agent_model {
	double gradient_bytes;	 /* of one rank */
	double checkpoint_bytes; /* of one file */
	int checkpoints;    /* files that are on the disk at once, at most */
	const char *folder; /* where they go */
};

void agent_link_model(const struct agent_model *model);

/* How long a step takes: {"event":"pace", ...}. */
struct agent_pace {
	double gradient_bytes;
	int small_sums;	  /* of a step, that nothing hides */
	double compute_s; /* without waiting for data and other ranks */
	double step_s;	  /* with all; 0: it was not one of a job */
};

void agent_link_pace(const struct agent_pace *pace);

/* What must be the same on every rank before the first step: a name and a text,
 * of which differing lines are shown to people. */
struct agent_item {
	const char *name, *text;
};

/* Tell the agent, and wait for its word that all ranks said the same: within
 * limit_s (FL_ETIMEOUT), unless a signal came (FL_ETERM). Where they differ
 * the agents end the job. 0 at once without an agent. */
int agent_link_agree(const struct agent_item *items, int count, double limit_s,
		     struct fl_err *err);

#endif

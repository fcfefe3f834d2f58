/* lines.h - what a trainer and the agent (fleetrun) that started it tell each
 * other: a page that both see, and lines of JSON over a socket.
 *
 * Both ends write and read a line by the same row of agent_lines[]; a line is
 * an object whose first key is "event". docs/launch-protocol.md has the table
 * (fleetrun --frames prints it).
 *
 * Ownership: texts and documents of the structs are borrowed (text/record.h).
 * Threads: any; tables are constant.
 */
#ifndef FL_AGENT_LINES_H
#define FL_AGENT_LINES_H

#include "text/record.h"

#include <stdatomic.h>

/* Names the socket, and the descriptor of the page. */
#define AGENT_FD_VARIABLE "FLOTILLA_AGENT_FD"
#define AGENT_STATUS_VARIABLE "FLOTILLA_STATUS"
#define AGENT_RESUME_VARIABLE "FLOTILLA_RESUME"	  /* a checkpoint */
#define AGENT_ATTEMPT_VARIABLE "FLOTILLA_ATTEMPT" /* 0: the first */
#define AGENT_JOB_VARIABLE "FLOTILLA_JOB" /* the same word in all attempts */
/* Ranks that the job began with */
#define AGENT_RANKS_VARIABLE "FLOTILLA_BATCH_RANKS"
/* "1": time a few steps, alone, and end */
#define AGENT_PREFLIGHT_VARIABLE "FLOTILLA_PREFLIGHT"
/* The file that --ledger writes; where rank 0 is, for its page. */
#define AGENT_LEDGER_VARIABLE "FLOTILLA_LEDGER"
#define AGENT_RESTARTS_VARIABLE "FLOTILLA_RESTARTS" /* so far */
/* When the agent began, in seconds of its machine's monotonic clock: --max_time
 * counts from there in every attempt. */
#define AGENT_BEGAN_VARIABLE "FLOTILLA_BEGAN"

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

struct agent_hello {
	int version; /* of this protocol: 1 */
};

/* What must be the same on every rank before the first step: a name and a text,
 * of which differing lines are shown to people. */
struct agent_item {
	const char *name, *text;
};

struct agent_digest {
	const struct json *items; /* a list of struct agent_item */
};

/* What the agent cannot know of a model. */
struct agent_model {
	int64_t gradient_bytes;	  /* of one rank */
	int64_t checkpoint_bytes; /* of one file */
	int checkpoints;    /* files that are on the disk at once, at most */
	const char *folder; /* where they go */
};

/* How long a step takes. */
struct agent_pace {
	int64_t gradient_bytes;
	int small_sums;	  /* of a step, that nothing hides */
	double compute_s; /* without waiting for data and other ranks */
	double step_s;	  /* with all; 0: it was not one of a job */
};

struct agent_checkpoint {
	int64_t step;
	const char *path;
};

struct agent_fault {
	int status; /* that the trainer ends with */
	const char *text;
};

enum agent_event {
	AGENT_HELLO,
	AGENT_DIGEST,
	AGENT_GO, /* nothing but the event */
	AGENT_MODEL,
	AGENT_PACE,
	AGENT_CHECKPOINT,
	AGENT_FAULT,
	AGENT_EVENTS
};

struct agent_line {
	const char *event;
	const struct record *record; /* NULL: no more than the event */
	const char *from, *meaning;  /* for people */
};

extern const struct agent_line agent_lines[AGENT_EVENTS];
extern const struct record agent_item_record, agent_digest_record,
	agent_model_record, agent_pace_record, agent_checkpoint_record,
	agent_fault_record;

/* Appends the line with its newline. values: the struct of the event. */
void agent_line_print(enum agent_event event, const void *values,
		      struct fl_str *out);
/* Which one this is; AGENT_EVENTS for one that is not known here. */
enum agent_event agent_line_event(const struct json *line);

#endif

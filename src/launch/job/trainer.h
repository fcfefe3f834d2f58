/* trainer.h - one started program: its process group, its output, its link. */
#ifndef FL_LAUNCH_TRAINER_H
#define FL_LAUNCH_TRAINER_H

#include "agent/lines.h"
#include "base/memory.h"
#include "base/str.h"
#include "launch/plan/environ.h"

#include <stdio.h>
#include <sys/types.h>

/* How a program ends that could not be started, as a shell says it. */
#define STATUS_NOT_RUN 126
#define STATUS_NOT_FOUND 127

struct trainer {
	int rank, local;		/* in the job, on this machine */
	const struct launch_role *role; /* NULL: a trainer as the others */
	pid_t pid;	  /* also its process group; 0 when reaped */
	int output, link; /* descriptors of ours, -1 when closed */
	FILE *log;	  /* workerlog.<rank>, or serverlog.<index> */
	char log_path[4096];
	struct agent_status *status;
	struct fl_str line;	    /* of its output, not yet whole */
	double line_since, line_at; /* its first and its last part came */
	struct fl_str link_text;    /* from the link, in pieces */
	char fault[1024];	    /* the sentence it sent before it ended */
	char error_path[4096];	    /* where PyTorch's programs leave theirs */
	bool speaks;		    /* it said hello: it knows this protocol */
	int wait_status;
	struct fl_memory_kills kills; /* as it was started */
	bool leaderless; /* its leader has ended, what that started has not */
	bool ended;
	/* Which of this machine's trainers began to end first: 1, 2, ..; 0: not
	 * seen. Its link is what the system closes first (trainer.c). */
	int order;
	bool link_over; /* its other end is closed */
	bool reaped;	/* its status is known */
	bool by_itself; /* it was dead before the agent asked it to end */
	bool aborted;	/* it called MPI_Abort */
};

/* pmi: a descriptor that it inherits too, and the caller's still. On failure
 * nothing of it is left open, and it needs no trainer_close().
 * The log of an earlier attempt is kept as workerlog.<rank>.<attempt>, that of
 * an earlier job as workerlog.<rank>.before (launch/job/place.h). */
int trainer_start(struct trainer *t, const struct launch_plan *plan,
		  const struct layout *layout, int local, const char *log_dir,
		  struct launch_environ *env, int pmi, struct fl_err *err);
typedef void (*trainer_lines_fn)(void *ctx, const struct trainer *t,
				 const char *text, size_t n);
/* Copy what it printed to its log, to the console as it is (show), and hand on
 * whole lines; a prompt or a progress bar, whose line has no end, after a
 * moment. False at the end of its output. */
bool trainer_pump(struct trainer *t, bool show, trainer_lines_fn lines,
		  void *ctx);
typedef void (*trainer_said_fn)(void *ctx, struct trainer *t,
				enum agent_event event,
				const struct json *line);
/* Hand on every line of its link that the protocol knows (agent/lines.h); what
 * it says of itself is noted here first. Its end is noted too; the link is the
 * caller's to close. */
void trainer_read_link(struct trainer *t, trainer_said_fn said, void *ctx);
/* A line without values to the trainer; one that does not read loses it. */
void trainer_tell(const struct trainer *t, enum agent_event event);
/* The sentence that it left in PyTorch's error file, if it sent none. */
void trainer_read_error(struct trainer *t);
/* To its whole process group. */
void trainer_signal(const struct trainer *t, int number);
void trainer_close(struct trainer *t);
/* 0, its exit status, or 128 + signal. */
int trainer_code(const struct trainer *t);

#endif

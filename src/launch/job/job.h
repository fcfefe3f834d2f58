/* job.h - the trainers of this machine in one attempt, and what they need: the
 * PMIx server, private folders, the guard, signals.
 *
 * Opened once; begun and ended for each attempt.
 * Threads: the main thread, which must also be the one that forks: trainers
 * die with it.
 */
#ifndef FL_LAUNCH_JOB_H
#define FL_LAUNCH_JOB_H

#include "launch/job/scratch.h"
#include "launch/job/trainer.h"

#include <poll.h>
#include <signal.h>

struct job_events {
	void *ctx;
	/* A trainer failed. why: a sentence where its status does not tell. */
	void (*fault)(void *ctx, struct trainer *t, const char *why, int code);
	/* It has begun to end: its link was closed. */
	void (*ending)(void *ctx, const struct trainer *t);
	/* A line of its link. */
	trainer_said_fn said;
	/* One of fl_stop_signals came. */
	void (*user)(void *ctx, int number);
	/* SIGTSTP came. */
	void (*pause)(void *ctx);
	/* It called a function of MPI that needs what is not served here. */
	void (*unserved)(void *ctx, int rank, const char *what);
	/* Whole lines of its output. */
	void (*lines)(void *ctx, const struct trainer *t, const char *text,
		      size_t n);
};

struct job {
	const struct launch_options *options;
	const struct launch_plan *plan;
	const struct layout *layout;
	struct job_events events;
	struct launch_scratch scratch;
	struct trainer *trainers; /* as many as the plan counts */
	struct pmi1 *pmi;	  /* of this attempt; NULL between two */
	int started, alive;
	int working;	/* of those alive, all but parameter servers */
	bool dismissed; /* servers are to end: how is not judged */
	int signals;	/* signalfd */
	int ends;	/* epoll: links that ended, in order */
	int order;	/* trainers that began to end */
	int guard;
	bool paused;	/* its trainers stand still */
	double kill_at; /* 0: nobody is to be killed */
	bool asked;	/* SIGTERM was sent in this attempt */
	bool patient;	/* the user wants the trainers' last checkpoint */
	sigset_t old;
};

int job_open(struct job *job, const struct launch_options *options,
	     const struct launch_plan *plan, const struct job_events *events,
	     struct fl_err *err);
void job_close(struct job *job);

/* Register the attempt with PMIx; no trainer starts yet. */
int job_begin(struct job *job, const struct layout *layout, struct fl_err *err);
/* On failure the trainers that did start are killed. */
int job_start(struct job *job, struct fl_err *err);
/* The workers are done: end the servers, as job_stop. */
void job_dismiss(struct job *job, double grace);
/* All trainers stand still, or go on. */
void job_pause(struct job *job, bool paused);
/* SIGTERM now, SIGKILL after grace seconds. */
void job_stop(struct job *job, double grace);
/* The same for a last checkpoint: where a shell ends at once and leaves the
 * program that it waited for, that program has the time too. number: the user's
 * signal; of SIGUSR1 flotilla's trainers score the checkpoint as well. */
void job_wind_up(struct job *job, int number, double grace);
/* Nobody is to be killed, though job_stop() said so. */
void job_pardon(struct job *job);
/* It was killed by SIGKILL before we sent one. */
bool job_not_ours(const struct job *job, const struct trainer *trainer);
/* After all trainers were reaped: their last output, their descriptors. */
void job_end(struct job *job);

int job_fds(const struct job *job, struct pollfd *fds);
#define JOB_MOST_FDS (2 + 3 * LAUNCH_MAX_TRAINERS)
/* Output, links, signals, reaping, killing. */
void job_turn(struct job *job);

#endif

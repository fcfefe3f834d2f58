/* fleet_priv.h - one agent's view of the whole job.
 *
 *   state    what it waits for                     what ends it
 *   WAIT     every machine here and in WAIT        PREPARE of the coordinator
 *   PREPARE  the checkpoint to go on from          it is here: READY is sent
 *   READY    START of the coordinator              trainers start
 *   RUN      the trainers                          all ended with 0
 *   DONE     the other machines' DONE              the job is over, status 0
 *   STOP     the verdict, and the trainers' end    WAIT again, or over
 *
 * A fault in PREPARE, READY, RUN or DONE leads to STOP. The coordinator is the
 * machine that stands first in --ips among those that take part; it only
 * decides when to prepare and start, and which fault came first.
 */
#ifndef FL_LAUNCH_FLEET_PRIV_H
#define FL_LAUNCH_FLEET_PRIV_H

#include "launch/carry/copies.h"
#include "launch/job/fault.h"
#include "launch/carry/fences.h"
#include "launch/carry/follow.h"
#include "launch/job/job.h"
#include "launch/measure/room.h"

enum fleet_state {
	FLEET_WAIT,
	FLEET_PREPARE,
	FLEET_READY,
	FLEET_RUN,
	FLEET_DONE,
	FLEET_STOP
};

/* What another machine has told of itself. */
struct member {
	bool told; /* its state is known since it came */
	enum fleet_state state;
	int attempt, restarts, ranks;
	char job[40];
	bool past; /* it only remembers the job from before it was killed */
	int count, devices[LAUNCH_MAX_TRAINERS];
	struct copy_name newest; /* checkpoint that it holds */
	unsigned char
		sees[HOSTS_MAX / 8]; /* machines that it has a link with */
	bool ready;
	bool over;	  /* its job is: nothing more is to come */
	struct room room; /* told when it was ready */
	double since;	  /* it is here, or missing */
	bool disagreed;	  /* said once */
	bool paused;	  /* by its user: all stand still until it goes on */
	bool follows;	  /* it shows every rank's lines */
};

#define FLEET_FAULTS 16

struct fleet_fault {
	struct json *report;
	double at;
};

struct fleet {
	const struct launch_options *options;
	const struct launch_plan *plan;
	struct peers *peers; /* NULL on one machine */
	struct job job;
	struct fences fences;
	struct copies *copies;
	struct layout layout;
	struct member *members; /* one an entry of --ips, the own one too */
	struct json *intro;
	enum fleet_state state;
	double since; /* in this state */
	int attempt;  /* -1: none yet */
	int restarts;
	int ranks;     /* that the job began with; 0: not begun */
	char name[40]; /* of the job; "" : none yet */
	bool over;
	int code;
	int user_signal;
	double signal_at; /* the first signal that came to this agent; 0 */
	/* A trainer that a request to stop may have ended, before we know of it */
	struct json *held;
	double held_at;
	/* roll call */
	double told_at, tell_every;
	int told_here;
	/* preparing */
	struct copy_name resume;
	int resume_from; /* machine that has it */
	/* faults of this attempt */
	struct fleet_fault faults[FLEET_FAULTS];
	int fault_count;
	double *ending; /* by rank: when it was seen to begin to end; 0: not */
	double fault_at;
	struct json *where; /* what the trainers were at, lines */
	struct json *verdict;
	struct fl_str unserved; /* functions of MPI that were told of */
	bool restarting;
	bool ours;   /* a trainer of ours runs here */
	bool begun;  /* a start has succeeded here */
	bool spares; /* until then, what another job keeps in the log folder */
	char last_key[256];
	int64_t last_key_step;
	struct agree *agree;
	struct stall *stall;
	struct stopped *stopped;
	struct ledger *ledger;
	struct follow *follow;
	struct preflight_run *preflight;
};

/* fleet.c */
void fleet_enter(struct fleet *f, enum fleet_state state);
void fleet_tell_state(struct fleet *f);
void fleet_over(struct fleet *f, int code);
/* The first machine of those that take part and are here: does it decide? */
bool fleet_decides(const struct fleet *f);
/* The machine of rank 0 keeps what concerns all trainers: is it this one? */
bool fleet_leads(const struct fleet *f);
/* Gives o to take on that machine: here at once, or in a frame of this type,
 * whose arrival has it taken. Frees o. */
void fleet_to_first(struct fleet *f, int type, struct json *o,
		    void (*take)(struct fleet *f, const struct json *o));
const char *fleet_host(const struct fleet *f, int host);
/* The job's word; "" : none. */
const char *fleet_token(const struct fleet *f);

/* member.c: what agents tell of themselves */
struct json *member_intro(const struct launch_options *o,
			  const struct launch_plan *p);
void member_take_intro(struct fleet *f, int host, const struct json *intro);
struct json *member_state(const struct fleet *f);
void member_take_state(struct fleet *f, int host, const struct json *o);
/* What an agent that was killed left in the fleet file. */
void member_remember(struct fleet *f);
/* Who is waiting to start, ourselves included; returns how many. */
int member_waiting(const struct fleet *f, bool *who);
/* Of those who wait, the ones that all have links with each other. */
int member_clique(const struct fleet *f, bool *who);

/* rollcall.c: waiting for the machines */
void rollcall_turn(struct fleet *f);

/* prepare.c: from everyone is here to START */
void prepare_begin(struct fleet *f, const bool *who);
void prepare_take(struct fleet *f, const struct json *o, int attempt);
void prepare_turn(struct fleet *f);
void prepare_start(struct fleet *f);

/* verdict.c: faults */
/* A report of another machine, or of this one: that is told to all. */
void verdict_fault(struct fleet *f, struct json *report);
void verdict_report(struct fleet *f, struct json *report);
/* A new attempt: nobody has begun to end. */
void verdict_begin(struct fleet *f);
/* A rank began to end on this machine, or on another one. */
void verdict_ending(struct fleet *f, const struct json *o);
void verdict_ending_there(struct fleet *f, const struct json *o);
void verdict_where(struct fleet *f, const struct json *lines);
void verdict_take(struct fleet *f, struct json *verdict, int attempt);
void verdict_turn(struct fleet *f);
/* End the job on every machine that is here, with this sentence. */
void verdict_end(struct fleet *f, const char *kind, const char *end, int code);

/* agree.c: before the first step */
void agree_begin(struct fleet *f);
void agree_end(struct fleet *f);
void agree_local(struct fleet *f, const struct trainer *t,
		 const struct json *line);
void agree_take(struct fleet *f, const struct json *o);
void agree_go(struct fleet *f);

/* preflight.c: before the first start, what links and machines can carry */
void preflight_begin(struct fleet *f);
void preflight_end(struct fleet *f);
void preflight_rest(struct fleet *f);
int preflight_fds(const struct fleet *f, struct pollfd *fds);
/* The coordinator's; true: there is nothing left to look at. */
bool preflight_turn(struct fleet *f);
void preflight_member_turn(struct fleet *f);
void preflight_stream(struct fleet *f, int host, int fd);
void preflight_take_order(struct fleet *f, const struct json *o);
void preflight_take_result(struct fleet *f, int seat, const struct json *o);
void preflight_take_report(struct fleet *f, const struct json *o);
/* What a job that was to do no more than that ends with. */
int preflight_status(const struct fleet *f);

/* pace.c: what the network costs a trainer's step */
void pace_local(struct fleet *f, const struct trainer *t,
		const struct json *line);
void pace_take(struct fleet *f, const struct json *o);
void pace_take_forecast(struct fleet *f, const struct json *o);

/* stall.c: when nothing moves */
void stall_begin(struct fleet *f);
void stall_end(struct fleet *f);
void stall_turn(struct fleet *f);
void stall_take(struct fleet *f, int seat, const struct json *lines);
/* What --stall_policy asks for, where the text says who stands still. */
void stall_follow_policy(struct fleet *f, const char *text);

/* stopped.c: trainers whose process is stopped */
void stopped_begin(struct fleet *f);
void stopped_end(struct fleet *f);
void stopped_turn(struct fleet *f);
void stopped_take(struct fleet *f, const struct json *o);

/* stop.c: the user wants the job to end */
void stop_by_signal(void *fleet, int number);
void stop_take(struct fleet *f, const struct json *o);
/* Keeps the report of a trainer that such a request may have ended, for a
 * moment; false: it is none of these, and still the caller's. */
bool stop_holds(struct fleet *f, struct json *report);
void stop_turn(struct fleet *f);

/* begin.c: has the start succeeded? */
void begin_turn(struct fleet *f);

/* pause.c: Ctrl-Z */
void pause_here(struct fleet *f);
void pause_take(struct fleet *f, int host, const struct json *o);
/* A machine that is gone pauses nobody. */
void pause_left(struct fleet *f, int host);

/* ledger.c: who holds up the others */
void ledger_begin(struct fleet *f);
void ledger_end(struct fleet *f);
void ledger_turn(struct fleet *f);
void ledger_take(struct fleet *f, const struct json *o);

/* A copy of a document. */
struct json *fleet_copy(const struct json *o);

#endif

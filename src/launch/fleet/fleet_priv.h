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
 *
 * Only data stands here. The files that work on it call each other in one
 * direction, and include each other's headers likewise:
 *
 *   member ← state ← verdict ← intro, stop, pause ← prepare ← rollcall ← frames
 *   ← fleet
 */
#ifndef FL_LAUNCH_FLEET_PRIV_H
#define FL_LAUNCH_FLEET_PRIV_H

#include "launch/carry/copies.h"
#include "launch/carry/fences.h"
#include "launch/carry/follow.h"
#include "launch/job/job.h"
#include "launch/measure/room.h"
#include "launch/watch/preflight.h"
#include "launch/watch/watch.h"

enum fleet_state {
	FLEET_WAIT,
	FLEET_PREPARE,
	FLEET_READY,
	FLEET_RUN,
	FLEET_DONE,
	FLEET_STOP
};

/* What a machine tells of itself. */
struct told {
	enum fleet_state state;
	int attempt, restarts, ranks;
	char job[40];
	bool past; /* it only remembers the job from before it was killed */
	char sees[HOSTS_MAX / 4 + 1]; /* whom it has links with: hex, one bit
				       * a machine from the lowest on */
	bool over;		      /* nothing more is to come from it */
	struct copy_name newest;      /* checkpoint that it holds */
};

/* A machine of --ips, this one too. */
struct member {
	bool heard; /* what it told holds since it came */
	struct told told;
	int count, devices[LAUNCH_MAX_TRAINERS];
	bool ready;
	struct room room; /* told when it was ready */
	double since;	  /* it is here, or missing */
	bool disagreed;	  /* said once */
	bool paused;	  /* by its user: all stand still until it goes on */
	bool follows;	  /* it shows every rank's lines */
};

/* Of the console: when the roll was called last, and how many were here. */
struct rollcall {
	double told_at, tell_every;
	int told_here;
};

/* What this attempt goes on from. */
struct resume {
	struct copy_name name; /* step 0: from the beginning */
	int from;	       /* machine that has it */
};

#define FAULTS_MOST 16

/* The faults of an attempt, until one is judged to be the first. */
struct faults {
	struct {
		struct json *report;
		double at; /* it was heard of */
	} list[FAULTS_MOST];
	int count;
	double at;	    /* of the first that was heard of */
	double *ending;	    /* by rank: when it was seen to begin to end; 0 */
	struct json *where; /* what the trainers were at, lines */
	struct json *verdict;
	bool speaks; /* a trainer here knows our protocol */
	/* of the verdict before: its key, and the newest checkpoint then */
	char last_key[256];
	int64_t last_step;
};

/* What the user asked for, by signals to this agent or to another one. */
struct request {
	int signal;	   /* 0: nothing */
	double first_at;   /* the first signal that came to this agent; 0 */
	struct json *held; /* report of a trainer that such a request may have
			      * ended, before we know of it */
	double held_at;
};

struct fleet {
	const struct launch_options *options;
	const struct launch_plan *plan;
	struct peers *peers; /* NULL on one machine */
	struct post post;
	struct job job;
	struct fences fences;
	struct copies *copies;
	struct follow *follow; /* NULL: one trainer is shown as it is */
	struct layout layout;
	struct member *members; /* one an entry of --ips */
	struct json *intro;

	enum fleet_state state;
	double since; /* in this state */
	int attempt;  /* -1: none yet */
	int restarts;
	int ranks;     /* that the job began with; 0: not begun */
	char name[40]; /* of the job; "" : none yet */
	bool restarting;
	bool begun;  /* a start has succeeded here */
	bool spares; /* until then, what another job keeps in the log folder */
	bool over;
	int code;

	struct attempt now; /* what the watches see of all this */
	struct watches watches;
	struct rollcall rollcall;
	struct resume resume;
	struct faults faults;
	struct request request;
	struct fl_str unserved; /* functions of MPI that were told of */
};

#endif

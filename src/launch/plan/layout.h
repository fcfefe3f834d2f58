/* layout.h - who has which rank in one attempt of the job.
 *
 * Machines take part in the order of --ips; ranks count through their devices.
 *
 * Ownership: the list is the struct's own. Threads: the main thread.
 */
#ifndef FL_LAUNCH_LAYOUT_H
#define FL_LAUNCH_LAYOUT_H

#include "launch/plan/plan.h"
#include "text/record.h"

#include <stdint.h>

struct layout_seat {
	int host;  /* place in --ips */
	int count; /* trainers */
	int first; /* rank of its first */
	int devices[LAUNCH_MAX_TRAINERS];
};

struct layout {
	struct layout_seat *list;
	int count; /* machines that take part */
	int self;  /* this machine's place among them */
	int world; /* trainers of all */
	int most;  /* trainers of the largest */
	int ranks; /* trainers that the job began with */
	int attempt, restarts;
	char job[40];	   /* name of the job, drawn once */
	char resume[4096]; /* checkpoint to go on from; "" : none */
};

/* "host" and "devices" of a seat: all else follows from them. */
extern const struct record layout_seat_record;

/* One more machine; ranks follow from the order of the calls. */
void layout_add(struct layout *l, int host, const int *devices, int count);
void layout_release(struct layout *l);
/* Which seat has the rank. */
int layout_seat_of(const struct layout *l, int rank);
/* Which seat is this entry of --ips; -1: none. */
int layout_find(const struct layout *l, int host);
const struct layout_seat *layout_own(const struct layout *l);

#endif

/* post.h - where a message of one attempt goes: to the machine of rank 0, to
 * those that take part, to everyone who is here.
 *
 * The machine of rank 0 keeps what concerns all trainers; the first machine of
 * those that take part and are here decides for all. Both are one machine until
 * it is lost.
 *
 * How a message is sent is the maker's: fleet/state.c sends frames of its
 * attempt, tests note what would have been sent.
 *
 * Ownership: the layout is borrowed. Threads: the main thread.
 */
#ifndef FL_LAUNCH_POST_H
#define FL_LAUNCH_POST_H

#include "launch/link/wire.h"
#include "launch/plan/layout.h"

struct post {
	const struct layout *layout; /* of this attempt */
	int self, hosts; /* place in --ips, and how many there are */
	void *ctx;
	/* To one machine, if it is here. o NULL: the type says all. */
	void (*send)(void *ctx, int host, enum wire_type type,
		     const struct json *o);
	bool (*here)(void *ctx, int host);
};

/* Is this the machine of rank 0? */
bool post_leads(const struct post *p);
/* Is this the first machine of those that take part and are here? */
bool post_decides(const struct post *p);

/* To the machine of rank 0. False: it is this one, and whoever calls takes the
 * message here. */
bool post_to_first(const struct post *p, enum wire_type type,
		   const struct json *o);
/* To the machine at this seat; likewise. */
bool post_to_seat(const struct post *p, int seat, enum wire_type type,
		  const struct json *o);
/* To the other machines that take part. */
void post_to_members(const struct post *p, enum wire_type type,
		     const struct json *o);
/* To every other machine that is here. */
void post_to_all(const struct post *p, enum wire_type type,
		 const struct json *o);

#endif

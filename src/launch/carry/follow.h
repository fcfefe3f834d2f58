/* follow.h - the lines of every rank of every machine on one console.
 *
 * Lines are held for a moment, so that those that many ranks say alike become
 * one: "x31, all but 7|text". Others stand as "host:rank|text", or as
 * "host:server 0|text".
 *
 * Threads: the main thread. NULL is fine everywhere: nobody follows.
 */
#ifndef FL_LAUNCH_FOLLOW_H
#define FL_LAUNCH_FOLLOW_H

#include "text/record.h"

struct follow;
struct launch_plan;

/* plan: names the ranks where they have roles; borrowed. */
struct follow *follow_new(const struct launch_plan *plan);
/* Shows what is held. */
void follow_free(struct follow *follow);
/* Lines of a rank. */
void follow_add(struct follow *follow, const char *host, int rank,
		const char *text, size_t n);
/* Show what has been held long enough. */
void follow_turn(struct follow *follow);

/* Lines of a rank, as one frame. */
struct log_lines {
	int rank;
	const char *text;
};

extern const struct record log_record;

/* The same lines on their way from another machine. */
struct json *follow_pack(int rank, const char *text, size_t n);
void follow_heard(struct follow *follow, const char *host,
		  const struct json *o);

#endif

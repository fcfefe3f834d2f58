/* peers.h - links with the agents of the other machines.
 *
 * Every agent listens; of two, the one that stands later in --ips calls the
 * other, and calls again until it is heard. Who answers must be of the same
 * protocol, have the same list, and know the same token; then both introduce
 * themselves and are 'here' to each other until the link ends. The one that is
 * to be called looks meanwhile whether the other's port can be reached, so
 * that both can say why a machine is missing.
 *
 * A link that says nothing for silent_s is reported once, and ends after
 * lost_s. Agents ping every half second.
 *
 * Ownership: peers borrow the hosts and all texts of the configuration.
 * Threads: the agent's main thread. Nothing blocks but peers_close().
 */
#ifndef FL_LAUNCH_PEERS_H
#define FL_LAUNCH_PEERS_H

#include "launch/plan/hosts.h"
#include "launch/link/wire.h"

#include <poll.h>

struct peers;

struct peers_config {
	const struct hosts *hosts;
	int port;
	const char *token;	  /* "" : none */
	const struct json *intro; /* what the others are to know about us */
	double silent_s, lost_s;
	void *ctx;
	/* The link stands, and the peer has introduced itself. */
	void (*joined)(void *ctx, int peer, const struct json *intro);
	/* It stands no more. */
	void (*left)(void *ctx, int peer, const char *why);
	void (*frame)(void *ctx, int peer, const struct wire_frame *frame);
	/* Called once when a peer has said nothing for silent_s, and once
	 * when it speaks again (silent false). */
	void (*silence)(void *ctx, int peer, double seconds, bool silent);
	/* A peer has made a second connection, to be measured; fd is the
	 * receiver's from now on. */
	void (*stream)(void *ctx, int peer, int fd);
};

int peers_open(const struct peers_config *config, struct peers **out,
	       struct fl_err *err);
/* Sends what is queued, for at most a second. NULL is fine. */
void peers_close(struct peers *p);

/* Add what is to be waited for to fds; returns how many. */
int peers_fds(const struct peers *p, struct pollfd *fds);
/* At most so many descriptors. */
int peers_most_fds(const struct peers *p);
/* Call, answer, read, write, ping, judge silence. */
void peers_turn(struct peers *p);

bool peers_here(const struct peers *p, int peer);
/* Why a peer is not here, in words. */
const char *peers_why(const struct peers *p, int peer);
/* End the link with a word to the other side; left() is not called. */
void peers_refuse(struct peers *p, int peer, const char *why, const char *text);

void peers_send(struct peers *p, int peer, int type, uint32_t attempt,
		const void *data, size_t size);
void peers_send_json(struct peers *p, int peer, int type, uint32_t attempt,
		     const struct json *o);
/* A peer that said it will be silent is not lost however long it is. */
void peers_wait_for(struct peers *p, int peer, bool wait);
/* Send what is queued, for at most a second. */
void peers_flush(struct peers *p);
/* Bytes that wait for this peer to take them. */
size_t peers_pending(const struct peers *p, int peer);

#endif

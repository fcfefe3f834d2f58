/* greeting.h - how two agents get to know each other on a new connection.
 *
 *     caller                         called
 *     HELLO index, list, nonce  ──►
 *                               ◄──  HELLO, or REFUSE why
 *     PROOF hmac(token, nonces) ──►
 *                               ◄──  PROOF, INTRO, or REFUSE
 *     INTRO                     ──►
 *
 * With a token every frame after a side's PROOF is sealed under a key made of
 * the token and both nonces, one for each direction.
 *
 * Without a token the key is empty, and a side that has one is refused. What a
 * command line says is told only to who has proved to know the token.
 */
#ifndef FL_LAUNCH_GREETING_H
#define FL_LAUNCH_GREETING_H

#include "launch/plan/hosts.h"
#include "launch/link/wire.h"
#include "text/record.h"

#define GREETING_NONCE 16

struct hello {
	int version, index;
	const char *ips, *nonce;
	bool probe;
	bool stream; /* only where it is one */
};

struct refusal {
	const char *why; /* a word for programs */
	const char *text;
};

extern const struct record hello_record, refusal_record;

struct greeting {
	const struct hosts *hosts; /* borrowed */
	const char *token;
	int peer; /* whom the address says it is */
	bool caller, proved;
	bool probe;   /* only asks whether it would be welcome */
	bool stream;  /* a second connection, to be measured */
	bool strange; /* not an agent of ours at all */
	int frames;   /* understood so far */
	unsigned char mine[GREETING_NONCE], theirs[GREETING_NONCE];
	char why[400]; /* it failed */
};

void greeting_begin(struct greeting *g, const struct hosts *hosts,
		    const char *token, int peer, bool caller);
void greeting_hello(struct greeting *g, struct wire *w);
/* The next frame: 0 go on, 1 done (*intro is the peer's and now the caller's to
 * free), -1 over, why says it. */
int greeting_heard(struct greeting *g, struct wire *w,
		   const struct wire_frame *frame, const struct json *mine,
		   struct json **intro);
void greeting_refuse(struct wire *w, const char *why, const char *text);
/* The number of an address, for messages. */
void greeting_address(const struct sockaddr_storage *from, char *buf,
		      size_t size);

#endif

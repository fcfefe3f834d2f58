/* wire.h - frames between two agents over one TCP connection.
 *
 * A frame is a header of 16 bytes (docs/launch-protocol.md) and a payload:
 * JSON for what people may want to read, bytes for fences and copies. Nothing
 * here blocks; what cannot be sent yet waits in memory, bounded.
 *
 * Ownership: a wire owns its descriptor. Threads: the agent's main thread.
 */
#ifndef FL_LAUNCH_WIRE_H
#define FL_LAUNCH_WIRE_H

#include "base/digest.h"
#include "base/str.h"
#include "text/json.h"

#include <stdbool.h>
#include <stdint.h>

#define WIRE_VERSION 3
#define WIRE_MAX (16u << 20) /* bytes of a payload */

enum wire_type {
	WIRE_HELLO = 1, /* who calls: version, index, list, nonce */
	WIRE_REFUSE,	/* why not */
	WIRE_PROOF,	/* keyed digest of both nonces */
	WIRE_INTRO,	/* command line, devices, build */
	WIRE_PING,
	WIRE_STATE,   /* what the sender is at */
	WIRE_PREPARE, /* make ready for attempt n */
	WIRE_READY,
	WIRE_START,
	WIRE_FENCE,	/* a share of a PMIx fence */
	WIRE_FAULT,	/* what went wrong here */
	WIRE_WHERE,	/* what the trainers here were at */
	WIRE_VERDICT,	/* the first fault, and what follows from it */
	WIRE_STOP,	/* the user wants to stop */
	WIRE_GET,	/* send me that checkpoint */
	WIRE_CHUNK,	/* a piece of it */
	WIRE_DIGEST,	/* what a trainer is about to train */
	WIRE_GO,	/* all are about to train the same */
	WIRE_LOG,	/* lines of a trainer */
	WIRE_STALL,	/* nothing moves here: where each trainer is */
	WIRE_MEASURE,	/* the link with that machine is to be measured */
	WIRE_MEASURED,	/* and what came out */
	WIRE_PREFLIGHT, /* what is known of all links and machines */
	WIRE_PACE,	/* how long a trainer computes at a step */
	WIRE_FORECAST,	/* what the network will cost in a step */
	WIRE_LEDGER,	/* how the trainers here spent their time */
	WIRE_STOPPED,	/* a trainer here was stopped, or goes on */
	WIRE_ENDING,	/* a trainer here has begun to end */
	WIRE_PAUSE,	/* Ctrl-Z here, or it goes on */
	WIRE_TYPES
};

struct wire_frame {
	int type;
	uint32_t attempt;
	const unsigned char *data; /* valid until the next call */
	size_t size;
};

/* One direction of a link whose frames carry a seal. */
struct wire_seal {
	bool on;
	unsigned char key[FL_DIGEST_BYTES];
	uint64_t frames; /* sealed so far: none can be left out or come twice */
};

struct wire {
	int fd; /* -1: closed */
	unsigned char *in, *out;
	size_t in_size, in_used, in_done; /* in[in_done .. in_used) unread */
	size_t out_size, out_used, out_sent;
	size_t most; /* bytes of a payload that are believed */
	bool exact;  /* read no byte beyond the frame that comes next */
	bool mute;   /* nothing can be sent any more; what came is still read */
	struct wire_seal sends, takes;
	double heard_at; /* fl_now_s() of the last byte */
	char why[160];	 /* why it is closed */
};

void wire_init(struct wire *w, int fd);
/* Takes leave and closes. */
void wire_close(struct wire *w);
/* Say that nothing more comes from here, and pass over what the peer still
 * says; false: the peer has closed too. A socket that is closed over unread
 * bytes is reset, and a reset can take back what the peer has not yet got. */
bool wire_part(struct wire *w);
/* Queue a frame. A wire whose queue grows beyond all reason is closed. */
void wire_send(struct wire *w, int type, uint32_t attempt, const void *data,
	       size_t size);
void wire_send_json(struct wire *w, int type, uint32_t attempt,
		    const struct json *o);
/* From the next frame on all that are sent, or taken, are sealed by this key. */
void wire_start_seal(struct wire_seal *seal,
		     const unsigned char key[FL_DIGEST_BYTES]);
/* Bytes still queued. */
size_t wire_pending(const struct wire *w);
/* Send and receive what goes without waiting; false: it is closed. */
bool wire_pump(struct wire *w);
/* The next whole frame: 1, none yet: 0, no frame of ours or not the seal that
 * was agreed: -1. */
int wire_next(struct wire *w, struct wire_frame *frame);

#endif

/* The bytes of a connection before and during the greeting. The first byte: who calls
 * (1), whether there is a token (2), and whether the rest is a stream of bytes or (4)
 * records of type, size and payload that an honest agent sends, with its seal, and whose
 * proof is right where the record of a proof is empty. */
#include "fuzz/fuzz.h"

#include "base/digest.h"
#include "launch/link/greeting.h"

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECORDS 8

static struct hosts two = { .count = 2, .self = 0, .ips = "a,b" };

/* As the other side makes it: greeting.c's derive() from there. */
static void prove(const struct greeting *g, char purpose,
		  unsigned char bytes[FL_DIGEST_BYTES])
{
	unsigned char text[1 + 2 * GREETING_NONCE];

	text[0] = (unsigned char)purpose;
	memcpy(text + 1, g->caller ? g->mine : g->theirs, GREETING_NONCE);
	memcpy(text + 1 + GREETING_NONCE, g->caller ? g->theirs : g->mine,
	       GREETING_NONCE);
	fl_digest_keyed(g->token, strlen(g->token), text, sizeof(text), bytes);
}

/* One record into the other wire; false at the end of the input. */
static bool send_record(struct wire *peer, const struct greeting *g,
			const uint8_t **at, const uint8_t *end)
{
	unsigned char proof[FL_DIGEST_BYTES], key[FL_DIGEST_BYTES];
	size_t size;
	int type;

	if (end - *at < 3)
		return false;
	type = (*at)[0] % (WIRE_TYPES + 1);
	size = (size_t)(*at)[1] | (size_t)(*at)[2] << 8;
	*at += 3;
	if (size > (size_t)(end - *at))
		size = (size_t)(end - *at);
	if (type == WIRE_PROOF && size == 0) {
		prove(g, g->caller ? 'a' : 'c', proof);
		wire_send(peer, type, 0, proof, sizeof(proof));
		prove(g, g->caller ? 'A' : 'C', key);
		if (*g->token)
			wire_start_seal(&peer->sends, key);
	} else {
		wire_send(peer, type, 0, *at, size);
	}
	*at += size;
	return wire_pump(peer);
}

/* False: the greeting is over, this way or that. */
static bool hear_all(struct greeting *g, struct wire *w)
{
	struct json *mine = json_new_object(), *intro = NULL;
	struct wire_frame frame;
	int got, rc = 0;

	while (rc == 0 && (got = wire_next(w, &frame)) == 1) {
		FUZZ_CHECK(frame.size <= w->most && frame.type > 0);
		rc = greeting_heard(g, w, &frame, mine, &intro);
		FUZZ_CHECK(rc != 1 || (intro && g->proved));
	}
	FUZZ_CHECK(strlen(g->why) < sizeof(g->why));
	json_free(intro);
	json_free(mine);
	return rc == 0 && got == 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *at = data + 1, *end = data + size;
	struct wire here, there;
	struct greeting g;
	int ends[2], how;

	if (size < 1)
		return 0;
	how = data[0];
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ==
		   0);
	wire_init(&here, ends[0]);
	wire_init(&there, ends[1]);
	greeting_begin(&g, &two, how & 2 ? "word" : "", 1, how & 1);
	memset(g.mine, 7, sizeof(g.mine)); /* the same in every run */
	if (g.caller)
		greeting_hello(&g, &here);
	if (how & 4) {
		for (int i = 0; i < RECORDS; i++)
			if (!send_record(&there, &g, &at, end) ||
			    !wire_pump(&here) || !hear_all(&g, &here))
				break;
	} else if (write(ends[1], at, size - 1) == (ssize_t)size - 1) {
		wire_pump(&here);
		hear_all(&g, &here);
	}
	wire_close(&here);
	wire_close(&there);
	return 0;
}

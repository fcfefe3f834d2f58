/* greeting.c - one side of a greeting as a machine of few states: what may come
 * next follows from how many frames were understood and whether the other side
 * has proved to know the token.
 *
 * peers.c drives it on every new connection, measurer.c on the second one of a
 * measurement. The letters in derive() are part of the protocol.
 */
#include "launch/link/greeting.h"

#include "base/digest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

enum {
	HELLO_STREAM = 1
};

static const struct field hello_rows[] = {
	FIELD(INT, struct hello, version, "version", .absent = -1),
	FIELD(INT, struct hello, index, "index", .absent = -1),
	FIELD(TEXT, struct hello, ips, "ips"),
	FIELD(TEXT, struct hello, nonce, "nonce"),
	FIELD(BOOL, struct hello, probe, "probe"),
	FIELD(BOOL, struct hello, stream, "stream", .forms = HELLO_STREAM),
};
const struct record hello_record = RECORD(struct hello, hello_rows);

static const struct field refusal_rows[] = {
	FIELD(TEXT, struct refusal, why, "why"),
	FIELD(TEXT, struct refusal, text, "text"),
};
const struct record refusal_record = RECORD(struct refusal, refusal_rows);

/* A nonce of its own for every connection: a proof that was overheard proves
 * nothing on the next one. */
void greeting_begin(struct greeting *g, const struct hosts *hosts,
		    const char *token, int peer, bool caller)
{
	*g = (struct greeting){
		.hosts = hosts, .token = token, .peer = peer, .caller = caller
	};
	fl_random_bytes(g->mine, sizeof(g->mine));
}

/* A greeting belongs to no attempt, hence 0 in its frames. Who calls and who is
 * called say the same of themselves; nothing of it is secret. */
void greeting_hello(struct greeting *g, struct wire *w)
{
	char hex[2 * GREETING_NONCE + 1];
	struct hello hello = { .version = WIRE_VERSION,
			       .index = g->hosts->self,
			       .ips = g->hosts->ips,
			       .nonce = hex,
			       .probe = g->probe,
			       .stream = true };
	struct json *o;

	fl_digest_to_hex(g->mine, sizeof(g->mine), hex);
	o = record_write(&hello_record, &hello, g->stream ? HELLO_STREAM : 0);
	wire_send_json(w, WIRE_HELLO, 0, o);
	json_free(o);
}

void greeting_refuse(struct wire *w, const char *why, const char *text)
{
	struct json *o = record_write(&refusal_record,
				      &(struct refusal){ why, text }, 0);

	wire_send_json(w, WIRE_REFUSE, 0, o);
	json_free(o);
}

/* Both sides are to know why: there what the other reads on its console, here
 * what the roll call says. */
static int refuse(struct greeting *g, struct wire *w, const char *why,
		  const char *there, const char *here)
{
	greeting_refuse(w, why, there);
	snprintf(g->why, sizeof(g->why), "%s", here);
	return -1;
}

static int digit(char c)
{
	return isdigit((unsigned char)c) ? c - '0' : c - 'a' + 10;
}

/* A short nonce, or none, is no agent's of ours. */
static bool read_nonce(const char *hex, unsigned char *nonce)
{
	if (strlen(hex) != 2 * GREETING_NONCE ||
	    strspn(hex, "0123456789abcdef") != 2 * GREETING_NONCE)
		return false;
	for (int i = 0; i < GREETING_NONCE; i++)
		nonce[i] = (unsigned char)(digit(hex[2 * i]) * 16 +
					   digit(hex[2 * i + 1]));
	return true;
}

/* The same for both sides, whoever calls, but different for each purpose, so
 * that no proof can be sent back to its maker. The purposes: c and a for the
 * proofs of who calls and who is called, C and A for the seals of their
 * frames. */
static void derive(const struct greeting *g, char purpose,
		   unsigned char bytes[FL_DIGEST_BYTES])
{
	unsigned char text[1 + 2 * GREETING_NONCE];
	const unsigned char *first = g->caller ? g->mine : g->theirs;
	const unsigned char *second = g->caller ? g->theirs : g->mine;

	text[0] = (unsigned char)purpose;
	memcpy(text + 1, first, GREETING_NONCE);
	memcpy(text + 1 + GREETING_NONCE, second, GREETING_NONCE);
	fl_digest_keyed(g->token, strlen(g->token), text, sizeof(text), bytes);
}

/* Without a token nobody is kept out, and a seal would only cost time. */
static void seal_after_proof(const struct greeting *g, bool of_caller,
			     struct wire_seal *seal)
{
	unsigned char key[FL_DIGEST_BYTES];

	if (!*g->token)
		return;
	derive(g, of_caller ? 'C' : 'A', key);
	wire_start_seal(seal, key);
}

/* The proof itself goes unsealed, all that follows is sealed: the other side
 * can make the key as soon as it has both nonces. */
static void send_proof(const struct greeting *g, struct wire *w)
{
	unsigned char bytes[FL_DIGEST_BYTES];

	derive(g, g->caller ? 'c' : 'a', bytes);
	wire_send(w, WIRE_PROOF, 0, bytes, sizeof(bytes));
	seal_after_proof(g, g->caller, &w->sends);
}

/* Of the same job? texts: what this side notes, and what the other is told. */
static int check_list(struct greeting *g, struct wire *w, const char *theirs)
{
	const char *mine = g->hosts->ips;
	char here[400], there[400];

	if (strcmp(theirs, mine) == 0)
		return 0;
	snprintf(here, sizeof(here),
		 "another job: its --ips is %.150s, this one's is %.150s",
		 theirs, mine);
	snprintf(there, sizeof(there),
		 "another job: its --ips is %.150s, this one's is %.150s", mine,
		 theirs);
	return refuse(g, w, "job", there, here);
}

/* First of all: of another version nothing else can be believed. */
static int check_version(struct greeting *g, struct wire *w, int version)
{
	char text[400];

	if (version == WIRE_VERSION)
		return 0;
	snprintf(text, sizeof(text),
		 "another version of fleetrun: protocol %d here, %d there",
		 WIRE_VERSION, version);
	return refuse(g, w, "version",
		      "another version of fleetrun answers there", text);
}

/* A machine that is reached by an address of another entry would take its
 * place. */
static int check_index(struct greeting *g, struct wire *w,
		       const struct hello *h)
{
	char text[400];

	if (h->index == g->peer && read_nonce(h->nonce, g->theirs))
		return 0;
	snprintf(text, sizeof(text),
		 "it says to be machine %d of --ips, its address is number %d",
		 h->index, g->peer);
	return refuse(g, w, "index", text, text);
}

/* The order matters: of another version neither list nor index can be believed,
 * and of another list the index means nothing. A probe that came so far would
 * be welcome, and is refused with a word of its own. */
static int hear_hello(struct greeting *g, struct wire *w, const struct json *o)
{
	struct hello h;
	int rc;

	record_read(&hello_record, o, &h);
	rc = check_version(g, w, h.version);
	if (rc == 0)
		rc = check_list(g, w, h.ips);
	if (rc == 0)
		rc = check_index(g, w, &h);
	if (rc == 0 && h.probe)
		rc = refuse(g, w, "probe",
			    "it listens, but its own call has not come through",
			    "");
	if (rc != 0)
		return rc;
	if (g->caller) {
		send_proof(g, w);
	} else {
		/* Only the caller says what the connection is for. */
		g->stream |= h.stream;
		greeting_hello(g, w);
	}
	return 0;
}

/* In constant time, so that a stranger cannot find the word letter by letter.
 * The called side sends its own proof only now: a stranger who calls gets no
 * digest of the token to try words against. */
static int hear_proof(struct greeting *g, struct wire *w,
		      const struct wire_frame *frame, const struct json *mine)
{
	unsigned char want[FL_DIGEST_BYTES];

	derive(g, g->caller ? 'a' : 'c', want);
	if (frame->size != sizeof(want) ||
	    !fl_digest_equal(frame->data, want, sizeof(want)))
		return refuse(
			g, w, "token",
			"another token: --token or FLOTILLA_TOKEN differs",
			"another token: its --token or FLOTILLA_TOKEN differs");
	g->proved = true;
	seal_after_proof(g, !g->caller, &w->takes);
	if (!g->caller)
		send_proof(g, w);
	wire_send_json(w, WIRE_INTRO, 0, mine);
	return 0;
}

/* A probe was sent only to learn whether the port can be reached: its refusal
 * is good news, and the fault lies on the way back. */
static int hear_refusal(struct greeting *g, const struct json *o)
{
	struct refusal r;

	record_read(&refusal_record, o, &r);
	if (strcmp(r.why, "probe") == 0)
		snprintf(
			g->why, sizeof(g->why),
			"%.300s: can it reach this machine, and is the port open here?",
			r.text);
	else
		snprintf(g->why, sizeof(g->why),
			 "it refuses this machine: %.300s", r.text);
	return -1;
}

static int out_of_turn(struct greeting *g, struct wire *w)
{
	return refuse(g, w, "protocol", "a frame out of turn",
		      "it sent a frame out of turn");
}

int greeting_heard(struct greeting *g, struct wire *w,
		   const struct wire_frame *frame, const struct json *mine,
		   struct json **intro)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o;
	int rc;

	if (frame->type == WIRE_PROOF)
		/* The second frame on either side, and the only one that is no
		 * JSON. */
		return g->frames++ == 1 ? hear_proof(g, w, frame, mine)
					: out_of_turn(g, w);
	o = json_parse((const char *)frame->data, frame->size, "greeting",
		       &err);
	if (!o) {
		/* A caller whose first frame is no JSON is no agent at all. */
		g->strange = g->frames == 0;
		return refuse(g, w, "protocol", "no JSON", err.text);
	}
	if (frame->type == WIRE_HELLO && g->frames == 0) {
		rc = hear_hello(g, w, o);
	} else if (frame->type == WIRE_INTRO && g->proved) {
		*intro = o;
		return 1;
	} else if (frame->type == WIRE_REFUSE) {
		rc = hear_refusal(g, o);
	} else {
		rc = out_of_turn(g, w);
	}
	g->frames++;
	json_free(o);
	return rc;
}

void greeting_address(const struct sockaddr_storage *from, char *buf,
		      size_t size)
{
	const void *p = from;

	if (from->ss_family == AF_INET)
		inet_ntop(AF_INET, &((const struct sockaddr_in *)p)->sin_addr,
			  buf, (socklen_t)size);
	else
		inet_ntop(AF_INET6,
			  &((const struct sockaddr_in6 *)p)->sin6_addr, buf,
			  (socklen_t)size);
}

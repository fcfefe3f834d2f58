#include "launch/link/greeting.h"

#include "base/digest.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

void greeting_begin(struct greeting *g, const struct hosts *hosts,
		    const char *token, int peer, bool caller)
{
	*g = (struct greeting){
		.hosts = hosts, .token = token, .peer = peer, .caller = caller
	};
	fl_random_bytes(g->mine, sizeof(g->mine));
}

void greeting_hello(struct greeting *g, struct wire *w)
{
	struct json *o = json_new_object();
	char hex[2 * GREETING_NONCE + 1];

	fl_digest_to_hex(g->mine, sizeof(g->mine), hex);
	json_set_int(o, "version", WIRE_VERSION);
	json_set_int(o, "index", g->hosts->self);
	json_set_text(o, "ips", g->hosts->ips);
	json_set_text(o, "nonce", hex);
	json_set_bool(o, "probe", g->probe);
	if (g->stream)
		json_set_bool(o, "stream", true);
	wire_send_json(w, WIRE_HELLO, 0, o);
	json_free(o);
}

void greeting_refuse(struct wire *w, const char *why, const char *text)
{
	struct json *o = json_new_object();

	json_set_text(o, "why", why);
	json_set_text(o, "text", text);
	wire_send_json(w, WIRE_REFUSE, 0, o);
	json_free(o);
}

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

static bool read_nonce(const struct json *o, unsigned char *nonce)
{
	const char *hex = json_text_or(o, "nonce", "");

	if (strlen(hex) != 2 * GREETING_NONCE ||
	    strspn(hex, "0123456789abcdef") != 2 * GREETING_NONCE)
		return false;
	for (int i = 0; i < GREETING_NONCE; i++)
		nonce[i] = (unsigned char)(digit(hex[2 * i]) * 16 +
					   digit(hex[2 * i + 1]));
	return true;
}

/* The same for both sides, whoever calls, but different for each purpose, so
 * that no proof can be sent back to its maker. */
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

static void seal_after_proof(const struct greeting *g, bool of_caller,
			     struct wire_seal *seal)
{
	unsigned char key[FL_DIGEST_BYTES];

	if (!*g->token)
		return;
	derive(g, of_caller ? 'C' : 'A', key);
	wire_start_seal(seal, key);
}

static void send_proof(const struct greeting *g, struct wire *w)
{
	unsigned char bytes[FL_DIGEST_BYTES];

	derive(g, g->caller ? 'c' : 'a', bytes);
	wire_send(w, WIRE_PROOF, 0, bytes, sizeof(bytes));
	seal_after_proof(g, g->caller, &w->sends);
}

static int take_hello(struct greeting *g, struct wire *w, const struct json *o)
{
	const char *ips = json_text_or(o, "ips", "");
	int64_t version = json_int_or(o, "version", -1);
	int64_t index = json_int_or(o, "index", -1);
	char text[400];

	if (version != WIRE_VERSION) {
		snprintf(
			text, sizeof(text),
			"another version of fleetrun: protocol %d here, %lld there",
			WIRE_VERSION, (long long)version);
		return refuse(g, w, "version",
			      "another version of fleetrun answers there",
			      text);
	}
	if (strcmp(ips, g->hosts->ips) != 0) {
		char there[400];

		snprintf(
			text, sizeof(text),
			"another job: its --ips is %.150s, this one's is %.150s",
			ips, g->hosts->ips);
		snprintf(
			there, sizeof(there),
			"another job: its --ips is %.150s, this one's is %.150s",
			g->hosts->ips, ips);
		return refuse(g, w, "job", there, text);
	}
	if (index != g->peer || !read_nonce(o, g->theirs)) {
		snprintf(
			text, sizeof(text),
			"it says to be machine %lld of --ips, its address is number %d",
			(long long)index, g->peer);
		return refuse(g, w, "index", text, text);
	}
	if (json_bool_or(o, "probe", false))
		return refuse(
			g, w, "probe",
			"it listens, but its own call has not come through",
			"");
	if (g->caller) {
		send_proof(g, w);
	} else {
		g->stream = json_bool_or(o, "stream", g->stream);
		greeting_hello(g, w);
	}
	return 0;
}

static int take_proof(struct greeting *g, struct wire *w,
		      const struct wire_frame *f, const struct json *mine)
{
	unsigned char want[FL_DIGEST_BYTES];

	derive(g, g->caller ? 'a' : 'c', want);
	if (f->size != sizeof(want) ||
	    !fl_digest_equal(f->data, want, sizeof(want)))
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

static int take_refusal(struct greeting *g, const struct json *o)
{
	const char *text = json_text_or(o, "text", "?");
	const char *why = json_text_or(o, "why", "");

	if (strcmp(why, "probe") == 0)
		snprintf(
			g->why, sizeof(g->why),
			"%.300s: can it reach this machine, and is the port open here?",
			text);
	else
		snprintf(g->why, sizeof(g->why),
			 "it refuses this machine: %.300s", text);
	return -1;
}

static int out_of_turn(struct greeting *g, struct wire *w)
{
	return refuse(g, w, "protocol", "a frame out of turn",
		      "it sent a frame out of turn");
}

int greeting_take(struct greeting *g, struct wire *w,
		  const struct wire_frame *f, const struct json *mine,
		  struct json **intro)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *o;
	int rc;

	if (f->type == WIRE_PROOF)
		return g->frames++ == 1 ? take_proof(g, w, f, mine)
					: out_of_turn(g, w);
	o = json_parse((const char *)f->data, f->size, "greeting", &err);
	if (!o) {
		g->strange = g->frames == 0;
		return refuse(g, w, "protocol", "no JSON", err.text);
	}
	if (f->type == WIRE_HELLO && g->frames == 0) {
		rc = take_hello(g, w, o);
	} else if (f->type == WIRE_INTRO && g->proved) {
		*intro = o;
		return 1;
	} else if (f->type == WIRE_REFUSE) {
		rc = take_refusal(g, o);
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

/* wire.c - frames in two buffers, one a direction, over a socket that never
 * blocks.
 *
 * wire_send() only queues, wire_pump() moves bytes, wire_next() takes a whole
 * frame out. What comes is believed up to 256 KiB a frame until the peer is
 * known (peers.c raises that), and a queue of 64 MiB means that the other side
 * takes nothing any more: the wire is closed, with why.
 */
#include "launch/link/wire.h"

#include "base/arena.h"
#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEADER 16 /* magic, type, sealed, attempt, size: see docs */
#define MAGIC "FLT1"
#define PIECE 65536 /* of a read */
#define QUEUE_MAX ((size_t)64 << 20)

void wire_init(struct wire *w, int fd)
{
	*w = (struct wire){ .fd = fd,
			    .most = 262144, /* until the peer is known */
			    .heard_at = fl_now_s() };
}

/* The first reason is the cause; what follows from it would hide it. What was
 * read stays: a peer's last words may be among it. */
static void broken(struct wire *w, const char *why)
{
	if (!*w->why)
		snprintf(w->why, sizeof(w->why), "%s", why);
	if (w->fd >= 0)
		close(w->fd);
	w->fd = -1;
}

bool wire_part(struct wire *w)
{
	char passed[4096];
	ssize_t n = 1;

	if (w->fd < 0)
		return false;
	shutdown(w->fd, SHUT_WR);
	/* Bounded: a peer may send for as long as it likes. */
	for (int turn = 0; turn < 64 && n > 0; turn++)
		n = recv(w->fd, passed, sizeof(passed), MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		broken(w, "it closed the link");
	return w->fd >= 0;
}

void wire_close(struct wire *w)
{
	if (wire_part(w))
		close(w->fd);
	free(w->in);
	free(w->out);
	w->fd = -1;
	w->in = w->out = NULL;
	w->in_size = w->in_used = w->in_done = 0;
	w->out_size = w->out_used = w->out_sent = 0;
}

void wire_start_seal(struct wire_seal *seal,
		     const unsigned char key[FL_DIGEST_BYTES])
{
	*seal = (struct wire_seal){ .on = true };
	memcpy(seal->key, key, FL_DIGEST_BYTES);
}

/* Of the next frame of a direction. */
static void seal_frame(struct wire_seal *s, const unsigned char *frame,
		       size_t size, unsigned char seal[FL_SEAL_BYTES])
{
	unsigned char number[8];

	fl_put(number, s->frames++, sizeof(number));
	fl_seal(s->key, number, sizeof(number), frame, size, seal);
}

static size_t seal_size(const struct wire_seal *s)
{
	return s->on ? FL_SEAL_BYTES : 0;
}

/* Twice what is asked, so that a queue which grows is not copied each time. */
static unsigned char *reserve(unsigned char **buf, size_t *size, size_t used,
			      size_t more)
{
	if (used + more > *size) {
		*size = 2 * (used + more);
		*buf = fl_realloc(*buf, *size);
	}
	return *buf + used;
}

size_t wire_pending(const struct wire *w)
{
	return w->out_used - w->out_sent;
}

void wire_send(struct wire *w, int type, uint32_t attempt, const void *data,
	       size_t size)
{
	unsigned char *p;

	if (w->fd < 0 || w->mute)
		return;
	if (wire_pending(w) + size > QUEUE_MAX || size > WIRE_MAX) {
		broken(w, "it takes no data any more");
		return;
	}
	if (w->out_sent == w->out_used)
		w->out_sent = w->out_used = 0;
	p = reserve(&w->out, &w->out_size, w->out_used,
		    HEADER + size + FL_SEAL_BYTES);
	memcpy(p, MAGIC, 4);
	fl_put(p + 4, (uint32_t)type, 2);
	fl_put(p + 6, w->sends.on, 2);
	fl_put(p + 8, attempt, 4);
	fl_put(p + 12, (uint32_t)size, 4);
	if (size)
		memcpy(p + HEADER, data, size);
	/* With its header, so that neither type nor attempt can be changed. */
	if (w->sends.on)
		seal_frame(&w->sends, p, HEADER + size, p + HEADER + size);
	w->out_used += HEADER + size + seal_size(&w->sends);
}

void wire_send_json(struct wire *w, int type, uint32_t attempt,
		    const struct json *o)
{
	struct fl_str s = FL_STR_INIT;

	json_print(o, 0, &s);
	wire_send(w, type, attempt, fl_str_get(&s), s.len);
	fl_str_release(&s);
}

/* A peer that has closed may have said its last words before: a wire on which
 * sending fails goes on reading to its end. */
static void fall_mute(struct wire *w, const char *why)
{
	if (!*w->why)
		snprintf(w->why, sizeof(w->why), "%s", why);
	w->mute = true;
	w->out_sent = w->out_used = 0;
}

static void pump_out(struct wire *w)
{
	while (w->fd >= 0 && w->out_sent < w->out_used) {
		ssize_t n = send(w->fd, w->out + w->out_sent,
				 w->out_used - w->out_sent,
				 MSG_DONTWAIT | MSG_NOSIGNAL);

		if (n > 0)
			w->out_sent += (size_t)n;
		else if (errno == EAGAIN)
			return;
		else if (errno != EINTR)
			fall_mute(w, strerror(errno));
	}
}

/* Bytes to read now; 0: what is here is to be taken first. */
static size_t wanted(const struct wire *w)
{
	size_t whole = HEADER + seal_size(&w->takes), most = whole + w->most;

	if (!w->exact)
		return w->in_used > most ? 0 : PIECE;
	if (w->in_used >= HEADER)
		whole += fl_get(w->in + 12, 4);
	return w->in_used >= whole || whole > most ? 0 : whole - w->in_used;
}

/* A bounded number of reads a turn: one peer that sends without end must not
 * keep the others waiting. */
static void pump_in(struct wire *w)
{
	for (int turn = 0; w->fd >= 0 && turn < 16; turn++) {
		unsigned char *p;
		size_t most;
		ssize_t n;

		if (w->in_done > 0) {
			memmove(w->in, w->in + w->in_done,
				w->in_used - w->in_done);
			w->in_used -= w->in_done;
			w->in_done = 0;
		}
		most = wanted(w);
		if (most == 0)
			return; /* wire_next first */
		p = reserve(&w->in, &w->in_size, w->in_used, PIECE);
		n = recv(w->fd, p, most, MSG_DONTWAIT);
		if (n > 0) {
			w->in_used += (size_t)n;
			w->heard_at = fl_now_s();
		} else if (n == 0) {
			broken(w, "it closed the link");
		} else if (errno == EAGAIN && !w->mute) {
			return;
		} else if (errno != EINTR) {
			broken(w, strerror(errno));
		}
	}
}

bool wire_pump(struct wire *w)
{
	pump_out(w);
	pump_in(w);
	return w->fd >= 0;
}

/* Whatever does not begin like a frame is noticed by its first bytes, before a
 * length is believed that a stranger made up. */
int wire_next(struct wire *w, struct wire_frame *frame)
{
	const unsigned char *p = w->in + w->in_done;
	size_t have = w->in_used - w->in_done, size, end;
	unsigned char seal[FL_SEAL_BYTES];

	if (have < HEADER)
		return have > 0 && memcmp(p, MAGIC, have < 4 ? have : 4) ? -1
									 : 0;
	size = (uint32_t)fl_get(p + 12, 4);
	frame->type = (int)fl_get(p + 4, 2);
	frame->attempt = (uint32_t)fl_get(p + 8, 4);
	if (memcmp(p, MAGIC, 4) != 0 || size > w->most || frame->type == 0 ||
	    fl_get(p + 6, 2) != w->takes.on)
		return -1;
	end = HEADER + size;
	if (have < end + seal_size(&w->takes))
		return 0;
	if (w->takes.on) {
		seal_frame(&w->takes, p, end, seal);
		if (!fl_digest_equal(seal, p + end, sizeof(seal)))
			return -1;
	}
	frame->data = p + HEADER;
	frame->size = size;
	w->in_done += end + seal_size(&w->takes);
	return 1;
}

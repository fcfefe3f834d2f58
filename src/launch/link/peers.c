/* peers.c - links with the other agents, each in one of four stages:
 *
 *   AWAY      nothing; the next call is due at call_at
 *   CALLING   connect() is under way
 *   GREETING  greeting.c talks; a caller's link, or a guest's
 *   HERE      frames are handed on, silence is judged
 *
 * Whoever calls us is a guest until its greeting has said who it is; then it takes
 * the link of that machine. fleet.c turns all of them, 20 times a second: hence a
 * call that nobody answers costs no more than its descriptor.
 */
#include "launch/link/peers.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/digest.h"
#include "base/log.h"
#include "launch/link/greeting.h"
#include "launch/plan/port.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PING_S 0.5	 /* four within what counts as silence, 2 s */
#define CONNECT_S 2.0	 /* a call that nobody answers nor refuses */
#define GREET_S 5.0	 /* from the connection to the introduction */
#define AGAIN_S 0.25	 /* between two calls, at first */
#define AGAIN_MOST_S 2.0 /* and at last */
#define STRANGERS 8	 /* that are named in the log */
#define FLUSH_S 1.0	 /* for the last words to leave */
#define PART_S 0.5	 /* at the end, for the others to close as well */

enum stage {
	STAGE_AWAY,
	STAGE_CALLING, /* connect is under way */
	STAGE_GREETING,
	STAGE_HERE
};

/* A peer, or a guest whose name is not known yet. */
struct link {
	enum stage stage;
	struct wire wire;
	struct greeting greeting;
	double since;	/* of the stage */
	double call_at; /* the next call */
	double again;	/* and how long after it the one after */
	double ping_at;
	bool silent;
	bool waited_for; /* its silence is no loss */
	char why[400];	 /* it is not here */
};

struct peers {
	struct peers_config config;
	struct link *links; /* one a host */
	struct link *guests;
	int guest_count, guest_most;
	int listener;
	int strangers;
	double turned_at;
};

int peers_open(const struct peers_config *c, struct peers **out,
	       struct fl_err *err)
{
	struct peers *p = fl_calloc(1, sizeof(*p));

	*out = NULL;
	p->config = *c;
	p->listener =
		port_listen(&c->hosts->list[c->hosts->self], c->port, err);
	if (p->listener < 0) {
		free(p);
		return err->code;
	}
	p->links = fl_calloc((size_t)c->hosts->count, sizeof(*p->links));
	p->guest_most = c->hosts->count + 32;
	p->guests = fl_calloc((size_t)p->guest_most, sizeof(*p->guests));
	for (int i = 0; i < c->hosts->count; i++) {
		p->links[i].wire.fd = -1;
		snprintf(p->links[i].why, sizeof(p->links[i].why),
			 "not called yet");
	}
	p->turned_at = fl_now_s();
	*out = p;
	return 0;
}

/* For at most so many seconds, while any link that stands has more to do. */
static void settle(struct peers *p, double seconds, bool (*more)(struct wire *))
{
	double until = fl_now_s() + seconds;
	bool again = p != NULL;

	while (again && fl_now_s() < until) {
		again = false;
		for (int i = 0; i < p->config.hosts->count; i++)
			if (p->links[i].stage == STAGE_HERE)
				again |= more(&p->links[i].wire);
		if (again)
			fl_sleep_s(0.005);
	}
}

static bool still_sends(struct wire *w)
{
	return wire_pump(w) && wire_pending(w) > 0;
}

/* Before this process stands still or ends: a last word is worth a second. */
void peers_flush(struct peers *p)
{
	settle(p, FLUSH_S, still_sends);
}

void peers_close(struct peers *p)
{
	if (!p)
		return;
	peers_flush(p);
	/* Last words are heard when the other side closes in its turn. Agents
	 * end in the same moment; one that has more to do is not waited for. */
	settle(p, PART_S, wire_part);
	for (int i = 0; i < p->config.hosts->count; i++)
		wire_close(&p->links[i].wire);
	for (int i = 0; i < p->guest_count; i++)
		wire_close(&p->guests[i].wire);
	close(p->listener);
	free(p->links);
	free(p->guests);
	free(p);
}

int peers_most_fds(const struct peers *p)
{
	return 1 + p->config.hosts->count + p->guest_most;
}

static int add_fd(const struct link *l, struct pollfd *fd)
{
	bool out = l->stage == STAGE_CALLING || wire_pending(&l->wire) > 0;

	if (l->stage == STAGE_AWAY || l->wire.fd < 0)
		return 0;
	*fd = (struct pollfd){ l->wire.fd,
			       (short)(POLLIN | (out ? POLLOUT : 0)), 0 };
	return 1;
}

int peers_fds(const struct peers *p, struct pollfd *fds)
{
	int n = 0;

	fds[n++] = (struct pollfd){ p->listener, POLLIN, 0 };
	for (int i = 0; i < p->config.hosts->count; i++)
		n += add_fd(&p->links[i], &fds[n]);
	for (int i = 0; i < p->guest_count; i++)
		n += add_fd(&p->guests[i], &fds[n]);
	return n;
}

bool peers_here(const struct peers *p, int peer)
{
	return p && p->links[peer].stage == STAGE_HERE;
}

const char *peers_why(const struct peers *p, int peer)
{
	return p->links[peer].why;
}

size_t peers_pending(const struct peers *p, int peer)
{
	return wire_pending(&p->links[peer].wire);
}

/* A link that ended is called again after a moment, which the reason sets. */
static void away(struct link *l, double now, double again)
{
	wire_close(&l->wire);
	l->stage = STAGE_AWAY;
	l->since = now;
	l->call_at = now + again;
	l->silent = false;
}

void peers_refuse(struct peers *p, int peer, const char *why, const char *text)
{
	struct link *l = &p->links[peer];

	greeting_refuse(&l->wire, why, text);
	wire_pump(&l->wire);
	snprintf(l->why, sizeof(l->why), "refused by this machine: %s", text);
	away(l, fl_now_s(), AGAIN_S);
}

void peers_send(struct peers *p, int peer, int type, uint32_t attempt,
		const void *data, size_t size)
{
	if (peers_here(p, peer))
		wire_send(&p->links[peer].wire, type, attempt, data, size);
}

void peers_send_json(struct peers *p, int peer, int type, uint32_t attempt,
		     const struct json *o)
{
	if (peers_here(p, peer))
		wire_send_json(&p->links[peer].wire, type, attempt, o);
}

/* Frames are small and wait for answers: none is to wait for the next. */
static void prepare_socket(int fd)
{
	int one = 1;

	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
}

/* In words that tell a person which of three things to look at: is the agent
 * started, is the port open, is there a way. */
static void call_failed(struct peers *p, int peer, int why)
{
	struct link *l = &p->links[peer];
	double again = l->again > AGAIN_S ? l->again : AGAIN_S;
	int port = p->config.port;

	switch (why) {
	case ECONNREFUSED:
		snprintf(l->why, sizeof(l->why),
			 "refused: nothing listens on its port %d yet", port);
		break;
	case ETIMEDOUT:
		snprintf(
			l->why, sizeof(l->why),
			"no answer on port %d: a firewall drops it, or the machine is off",
			port);
		break;
	case EHOSTUNREACH:
	case ENETUNREACH:
		snprintf(l->why, sizeof(l->why), "no route to it (%s)",
			 strerror(why));
		break;
	default:
		snprintf(l->why, sizeof(l->why), "%s", strerror(why));
	}
	l->again = again * 1.5 < AGAIN_MOST_S ? again * 1.5 : AGAIN_MOST_S;
	away(l, fl_now_s(), again);
}

/* Connected. The later one in the list greets; the earlier one only asks
 * whether it could, and leaves the call to the other. */
static void call_stands(struct peers *p, int peer)
{
	struct link *l = &p->links[peer];
	const struct hosts *h = p->config.hosts;

	prepare_socket(l->wire.fd);
	l->stage = STAGE_GREETING;
	l->since = fl_now_s();
	greeting_begin(&l->greeting, h, p->config.token, peer, true);
	l->greeting.probe = h->self < peer;
	greeting_hello(&l->greeting, &l->wire);
}

static void call(struct peers *p, int peer)
{
	struct link *l = &p->links[peer];
	int fd = hosts_call(p->config.hosts, peer, p->config.port);
	int why = errno;

	wire_init(&l->wire, fd);
	l->since = fl_now_s();
	if (fd < 0)
		call_failed(p, peer, why);
	else
		l->stage = STAGE_CALLING;
}

/* The system itself would try for two minutes: CONNECT_S ends a call to a
 * machine that is off before its user wonders. */
static void look_at_call(struct peers *p, int peer)
{
	struct link *l = &p->links[peer];
	struct pollfd fd = { l->wire.fd, POLLOUT, 0 };
	int why = 0;
	socklen_t n = sizeof(why);

	if (poll(&fd, 1, 0) <= 0) {
		if (fl_now_s() - l->since > CONNECT_S)
			call_failed(p, peer, ETIMEDOUT);
		return;
	}
	getsockopt(l->wire.fd, SOL_SOCKET, SO_ERROR, &why, &n);
	if (why != 0)
		call_failed(p, peer, why);
	else
		call_stands(p, peer);
}

/* Scanners of ports come by the thousand: they are named a few times only. */
static void stranger(struct peers *p, const struct sockaddr_storage *from,
		     const char *why)
{
	char name[64] = "?";

	greeting_address(from, name, sizeof(name));
	if (++p->strangers <= STRANGERS)
		fl_warn("refused a stranger from %s on port %d: %s%s", name,
			p->config.port, why,
			p->strangers == STRANGERS
				? " (further ones are not reported)"
				: "");
}

/* An address that is not in the list is turned away before a byte is read; room
 * for guests is bounded, so that nobody can use up our descriptors. */
static void accept_guests(struct peers *p)
{
	struct sockaddr_storage from;
	socklen_t n = sizeof(from);
	int fd;

	while ((fd = accept4(p->listener, (struct sockaddr *)(void *)&from, &n,
			     SOCK_CLOEXEC | SOCK_NONBLOCK)) >= 0) {
		struct link *g;
		int who = hosts_find(p->config.hosts,
				     (struct sockaddr *)(void *)&from);

		n = sizeof(from);
		if (who < 0 || p->guest_count == p->guest_most) {
			if (who < 0)
				stranger(p, &from,
					 "its address is not in --ips");
			close(fd);
			continue;
		}
		prepare_socket(fd);
		g = &p->guests[p->guest_count++];
		*g = (struct link){ .stage = STAGE_GREETING,
				    .since = fl_now_s() };
		wire_init(&g->wire, fd);
		greeting_begin(&g->greeting, p->config.hosts, p->config.token,
			       who, false);
	}
}

static void here(struct peers *p, int peer, const struct json *intro)
{
	struct link *l = &p->links[peer];
	int buffer = 256 << 10;

	/* A fault must not wait behind megabytes of a checkpoint. */
	setsockopt(l->wire.fd, SOL_SOCKET, SO_SNDBUF, &buffer, sizeof(buffer));
	l->stage = STAGE_HERE;
	l->since = fl_now_s();
	l->silent = false;
	l->again = AGAIN_S;
	l->why[0] = '\0';
	l->wire.most = WIRE_MAX;
	p->config.joined(p->config.ctx, peer, intro);
}

/* Go on greeting. 0: not done, 1: done, -1: it is over (why in the greeting). */
static int greet(struct peers *p, struct link *l, struct json **intro)
{
	struct wire_frame frame;
	bool open = wire_pump(&l->wire);
	int rc = 0, more;

	while (rc == 0 && (more = wire_next(&l->wire, &frame)) != 0) {
		if (more < 0) {
			snprintf(
				l->greeting.why, sizeof(l->greeting.why),
				"what it says is not the protocol of fleetrun");
			l->greeting.strange = true;
			return -1;
		}
		rc = greeting_heard(&l->greeting, &l->wire, &frame,
				    p->config.intro, intro);
	}
	wire_pump(&l->wire);
	if (rc == 0 && !open) {
		snprintf(l->greeting.why, sizeof(l->greeting.why),
			 "it closed the link while greeting");
		return -1;
	}
	if (rc == 0 && fl_now_s() - l->since > GREET_S) {
		snprintf(l->greeting.why, sizeof(l->greeting.why),
			 "it did not introduce itself within %g s", GREET_S);
		l->greeting.strange =
			l->greeting.frames == 0 && l->wire.in_used > 0;
		return -1;
	}
	return rc;
}

static void greet_peer(struct peers *p, int peer)
{
	struct link *l = &p->links[peer];
	struct json *intro = NULL;
	int rc = greet(p, l, &intro);

	if (rc < 0) {
		snprintf(l->why, sizeof(l->why), "%s", l->greeting.why);
		away(l, fl_now_s(), 1);
	} else if (rc > 0) {
		here(p, peer, intro);
	}
	json_free(intro);
}

/* The guest turned out to be a peer: its link takes the place of an older one,
 * which a machine that went down without a word may have left. */
static void seat(struct peers *p, struct link *guest, const struct json *intro)
{
	int peer = guest->greeting.peer, fd = guest->wire.fd;
	struct link *l = &p->links[peer];

	if (guest->greeting.stream) {
		guest->wire.fd = -1; /* it stays open */
		wire_close(&guest->wire);
		p->config.stream(p->config.ctx, peer, fd);
		return;
	}
	if (l->stage == STAGE_HERE) {
		away(l, fl_now_s(), AGAIN_S);
		p->config.left(p->config.ctx, peer, "it began anew");
	}
	wire_close(&l->wire);
	/* With its buffers: what it said after its introduction is in them. */
	l->wire = guest->wire;
	here(p, peer, intro);
}

static void greet_guests(struct peers *p)
{
	for (int i = 0; i < p->guest_count;) {
		struct link *g = &p->guests[i];
		struct json *intro = NULL;
		int rc = greet(p, g, &intro);

		if (rc > 0) {
			seat(p, g, intro);
		} else if (rc < 0) {
			struct link *l = &p->links[g->greeting.peer];

			if (g->greeting.strange)
				stranger(
					p,
					&p->config.hosts->list[g->greeting.peer]
						 .address,
					g->greeting.why);
			else if (*g->greeting.why && g->greeting.frames > 0 &&
				 l->stage != STAGE_HERE)
				snprintf(l->why, sizeof(l->why), "%s",
					 g->greeting.why);
			wire_close(&g->wire);
		}
		json_free(intro);
		if (rc != 0)
			/* The last one takes its place, and is looked at
			 * next. */
			*g = p->guests[--p->guest_count];
		else
			i++;
	}
}

/* Whoever takes a frame may end the link: its stage is looked at each time. */
static void hand_frames(struct peers *p, int peer)
{
	struct link *l = &p->links[peer];
	struct wire_frame frame;
	int more;

	while (l->stage == STAGE_HERE &&
	       (more = wire_next(&l->wire, &frame)) != 0) {
		if (more < 0) {
			snprintf(l->wire.why, sizeof(l->wire.why),
				 "it sent what is no frame of this job");
			close(l->wire.fd);
			l->wire.fd = -1;
			return;
		}
		if (frame.type != WIRE_PING)
			p->config.frame(p->config.ctx, peer, &frame);
	}
}

/* The clock of its silence begins anew either way. */
void peers_wait_for(struct peers *p, int peer, bool wait)
{
	p->links[peer].waited_for = wait;
	p->links[peer].wire.heard_at = fl_now_s();
}

static void judge_silence(struct peers *p, int peer, double now)
{
	struct link *l = &p->links[peer];
	double quiet = now - l->wire.heard_at;
	bool silent = quiet > p->config.silent_s && !l->waited_for;

	if (silent != l->silent) {
		l->silent = silent;
		p->config.silence(p->config.ctx, peer, quiet, silent);
	}
	if (quiet > p->config.lost_s && l->wire.fd >= 0 && !l->waited_for) {
		snprintf(l->wire.why, sizeof(l->wire.why),
			 "nothing was heard of it for %.1f s", quiet);
		close(l->wire.fd);
		l->wire.fd = -1;
	}
}

/* One turn of a link that stands. What is heard may be answered at once, so
 * bytes are moved before and after. */
static void serve(struct peers *p, int peer, double now)
{
	struct link *l = &p->links[peer];
	char why[sizeof(l->wire.why)];

	if (now >= l->ping_at) {
		wire_send(&l->wire, WIRE_PING, 0, NULL, 0);
		l->ping_at = now + PING_S;
	}
	wire_pump(&l->wire);
	hand_frames(p, peer);
	if (l->stage != STAGE_HERE)
		return;
	wire_pump(&l->wire); /* the answers */
	judge_silence(p, peer, now);
	if (l->wire.fd >= 0)
		return;
	hand_frames(p, peer); /* its last words */
	memcpy(why, l->wire.why, sizeof(why));
	snprintf(l->why, sizeof(l->why), "the link broke: %s", why);
	away(l, now, AGAIN_S);
	p->config.left(p->config.ctx, peer, why);
}

/* Were it we who slept (a stopped process, a machine out of breath), the others
 * are not to blame. */
static void excuse(struct peers *p, double now)
{
	double slept = now - p->turned_at;

	p->turned_at = now;
	for (int i = 0; slept > 1 && i < p->config.hosts->count; i++)
		if (p->links[i].stage == STAGE_HERE)
			p->links[i].wire.heard_at += slept;
}

void peers_turn(struct peers *p)
{
	double now = fl_now_s();

	if (!p)
		return;
	excuse(p, now);
	accept_guests(p);
	greet_guests(p);
	for (int i = 0; i < p->config.hosts->count; i++) {
		struct link *l = &p->links[i];

		if (i == p->config.hosts->self)
			continue;
		if (l->stage == STAGE_AWAY && now >= l->call_at)
			call(p, i);
		if (l->stage == STAGE_CALLING)
			look_at_call(p, i);
		if (l->stage == STAGE_GREETING)
			greet_peer(p, i);
		if (l->stage == STAGE_HERE)
			serve(p, i, now);
	}
}

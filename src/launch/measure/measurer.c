/* measurer.c - one measurement at a time, in a thread of its own.
 *
 *   IDLE       measurer_begin()           the machine later in --ips calls: MEASURING,
 *                                         the other one waits: EXPECTING
 *   EXPECTING  measurer_stream()          the call is here: MEASURING
 *   MEASURING  the thread writes `ended`  measurer_turn() takes the result: IDLE
 *
 * The thread owns socket, plan and result until it has written `ended`. Every
 * wait of it ends by the plan's limit or 50 ms after `cancel`.
 */
#include "launch/measure/measurer.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "launch/link/greeting.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum measurer_stage {
	IDLE,
	EXPECTING, /* the peer's call */
	MEASURING  /* the thread runs */
};

struct measurer {
	const struct hosts *hosts;
	int port;
	const char *token;
	enum measurer_stage stage;
	int peer, round;
	struct measure_plan plan;
	double until;
	int early, early_peer; /* a call that came before we were told */
	int ended;	       /* eventfd */
	pthread_t thread;
	/* the thread's, until it has ended */
	int fd;
	atomic_bool cancel;
	int rc;
	struct measure_result result;
	struct fl_err err;
};

struct measurer *measurer_new(const struct hosts *hosts, int port,
			      const char *token)
{
	struct measurer *m = fl_calloc(1, sizeof(*m));

	m->hosts = hosts;
	m->port = port;
	m->token = token;
	m->early = m->fd = -1;
	m->ended = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return m;
}

/* The join takes 50 ms at most, for which the agent's loop stands. The eventfd
 * is emptied, or the next measurement would seem to have ended. */
static void break_off(struct measurer *m)
{
	uint64_t n;

	if (m->stage == MEASURING) {
		atomic_store(&m->cancel, true);
		pthread_join(m->thread, NULL);
		while (read(m->ended, &n, sizeof(n)) > 0)
			continue;
	}
	fl_close(&m->fd);
	m->stage = IDLE;
}

void measurer_free(struct measurer *m)
{
	if (!m)
		return;
	break_off(m);
	fl_close(&m->early);
	fl_close(&m->ended);
	free(m);
}

int measurer_fd(const struct measurer *m)
{
	return m->ended;
}

/* --- in the thread --- */

/* A call of its own, not the link of the agents: frames must not wait behind a
 * stream, and would disturb the numbers. */
static int connect_peer(struct measurer *m, double until)
{
	socklen_t n = sizeof(int);
	int why = 0, rc;

	m->fd = hosts_call(m->hosts, m->peer, m->port);
	if (m->fd < 0)
		return fl_fail(&m->err, FL_EPEER, "cannot connect: %s",
			       strerror(errno));
	rc = measure_wait(m->fd, POLLOUT, until, &m->cancel,
			  "answering (no connection)", &m->err);
	if (rc == 0)
		getsockopt(m->fd, SOL_SOCKET, SO_ERROR, &why, &n);
	return why == 0 ? rc
			: fl_fail(&m->err, FL_EPEER, "cannot connect: %s",
				  strerror(why));
}

/* As on the first link: same job, same token. The introduction is empty, for
 * the agents know each other. */
static int greet(struct measurer *m, double until)
{
	struct json *mine = json_new_object(), *theirs = NULL;
	struct greeting g;
	struct wire w;
	int rc = 0, more;

	wire_init(&w, m->fd);
	w.exact = true; /* what follows the greeting is no frame */
	greeting_begin(&g, m->hosts, m->token, m->peer, true);
	g.stream = true;
	greeting_hello(&g, &w);
	while (rc == 0) {
		struct wire_frame frame;
		bool open = wire_pump(&w);

		more = wire_next(&w, &frame);
		if (more > 0)
			rc = greeting_heard(&g, &w, &frame, mine, &theirs);
		else if (more < 0 || !open)
			rc = -1;
		else if (measure_wait(m->fd, POLLIN, until, &m->cancel,
				      "greeting", &m->err) != 0)
			break;
	}
	if (rc < 0)
		fl_fail(&m->err, FL_EPEER, "greeting failed: %s",
			*g.why ? g.why : "it closed the connection");
	/* The socket goes on as a stream; the wire around it goes. */
	m->fd = w.fd;
	w.fd = -1;
	wire_close(&w);
	json_free(mine);
	json_free(theirs);
	return rc == 1 ? 0 : m->err.code;
}

static void *measure(void *arg)
{
	struct measurer *m = arg;
	uint64_t one = 1;
	bool asks = m->fd < 0;

	m->rc = 0;
	if (asks)
		m->rc = connect_peer(m, m->until);
	if (asks && m->rc == 0)
		m->rc = greet(m, m->until);
	if (m->rc == 0)
		m->rc = asks ? measure_ask(m->fd, &m->plan, &m->cancel,
					   &m->result, &m->err)
			     : measure_answer(m->fd, &m->plan, &m->cancel,
					      &m->err);
	if (write(m->ended, &one, sizeof(one)) < 0)
		return NULL; /* a counter of 1 always fits */
	return NULL;
}

/* --- in the agent's loop --- */

static void start_thread(struct measurer *m)
{
	int rc;

	atomic_store(&m->cancel, false);
	m->result = (struct measure_result){ 0 };
	m->err = (struct fl_err)FL_ERR_INIT;
	rc = pthread_create(&m->thread, NULL, measure, m);
	m->stage = rc == 0 ? MEASURING : EXPECTING;
	if (rc != 0)
		m->until = 0; /* it is reported as missing */
}

/* Both ends are told by the coordinator, and either may hear of it first: hence
 * EXPECTING on one side, and a call that is early on the other. */
void measurer_begin(struct measurer *m, int peer, int round,
		    const struct measure_plan *plan)
{
	break_off(m);
	m->peer = peer;
	m->round = round;
	m->plan = *plan;
	m->until = fl_now_s() + plan->limit_s;
	if (m->hosts->self > peer) {
		start_thread(m);
	} else if (m->early >= 0 && m->early_peer == peer) {
		m->fd = m->early;
		m->early = -1;
		start_thread(m);
	} else {
		m->stage = EXPECTING;
	}
}

/* One that nobody expects yet is kept, the newest of them: an older one is of a
 * round that is over. */
void measurer_stream(struct measurer *m, int peer, int fd)
{
	if (m->stage == EXPECTING && m->peer == peer) {
		m->fd = fd;
		start_thread(m);
	} else {
		fl_close(&m->early);
		m->early = fd;
		m->early_peer = peer;
	}
}

static const struct field rows[] = {
	FIELD(INT, struct measured, round, "round", .absent = -1),
	FIELD(INT, struct measured, with, "with", .absent = -1),
	FIELD(TEXT, struct measured, error, "error", .forms = MEASURED_ERROR),
	FIELD(INT, struct measured, trips, "round_trips",
	      .forms = MEASURED_ASKED),
	FIELD(REAL, struct measured, round_trip, "round_trip_s",
	      .forms = MEASURED_ASKED),
	FIELD(REAL, struct measured, round_trip_least, "round_trip_least_s",
	      .forms = MEASURED_ASKED),
	FIELD(REAL, struct measured, offset, "offset_s",
	      .forms = MEASURED_ASKED),
	FIELD(REAL, struct measured, offset_error, "offset_error_s",
	      .forms = MEASURED_ASKED),
	FIELD(REAL, struct measured, there, "there_bits_per_s",
	      .forms = MEASURED_THERE),
	FIELD(REAL, struct measured, back, "back_bits_per_s",
	      .forms = MEASURED_BACK),
};
const struct record measured_record = RECORD(struct measured, rows);

/* Only the one that asked has numbers; the other says that it has ended. */
static unsigned tell(const struct measurer *m, const char *error,
		     struct measured *out)
{
	const struct measure_result *r = &m->result;

	*out = (struct measured){ .round = m->round,
				  .with = m->peer,
				  .error = error,
				  .trips = r->trips,
				  .round_trip = r->round_trip,
				  .round_trip_least = r->round_trip_least,
				  .offset = r->clock.offset,
				  .offset_error = r->clock.error,
				  .there = r->there,
				  .back = r->back };
	if (error)
		return MEASURED_ERROR;
	if (m->hosts->self < m->peer)
		return 0;
	return MEASURED_ASKED | (r->there > 0 ? MEASURED_THERE : 0) |
	       (r->back > 0 ? MEASURED_BACK : 0);
}

bool measurer_turn(struct measurer *m, struct measured *out, unsigned *forms)
{
	uint64_t n;

	if (m->stage == EXPECTING && fl_now_s() > m->until) {
		*forms = tell(m, "its call did not come through", out);
		break_off(m);
		return true;
	}
	if (m->stage == MEASURING &&
	    read(m->ended, &n, sizeof(n)) == sizeof(n)) {
		pthread_join(m->thread, NULL);
		m->stage = IDLE;
		fl_close(&m->fd);
		*forms = tell(m, m->rc == 0 ? NULL : m->err.text, out);
		return true;
	}
	return false;
}

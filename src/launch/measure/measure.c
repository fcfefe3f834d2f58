/* measure.c - both ends of one measurement: measure_ask() leads, and
 * measure_answer() follows what it reads.
 *
 * First round trips, then a stream there, then one back (docs/launch-protocol.md
 * has the bytes). The constants are those of links from 100 Mbit/s to 100
 * Gbit/s: a window opens within some twenty round trips, and a rate wants a few
 * MiB before it means anything.
 */
#include "launch/measure/measure.h"

#include "base/bytes.h"
#include "base/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define MESSAGE 16  /* u64 number, i64 value */
#define CHUNK 16384 /* of a stream; the first byte 1, of the last 0 */
#define UNSENT \
	(128 << 10) /* in the kernel: a stream ends soon after its time */
#define SLICE_MS 50
#define LEAST_TRIPS 3
#define WINDOW_TRIPS 20 /* until TCP's window has opened */
#define STREAM_MOST_S 1.0
/* A busy machine may let a sender wait for most of a short stream: it goes on
 * until so much is sent, for at most so many times its time. */
#define STREAM_LEAST (8 << 20)
#define STREAM_LONGER 4

static const struct field plan_rows[] = {
	FIELD(INT, struct measure_plan, trips, "round_trips", .absent = -1),
	FIELD(REAL, struct measure_plan, trips_s, "round_trips_s"),
	FIELD(REAL, struct measure_plan, stream_s, "stream_s"),
	FIELD(REAL, struct measure_plan, limit_s, "limit_s"),
};
const struct record measure_plan_record =
	RECORD(struct measure_plan, plan_rows);

struct stream {
	int fd;
	double until;
	const struct measure_plan *plan;
	const atomic_bool *cancel;
	struct fl_err *err;
};

int measure_wait(int fd, short what, double until, const atomic_bool *cancel,
		 const char *doing, struct fl_err *err)
{
	struct pollfd p = { fd, what, 0 };

	for (;;) {
		int n = poll(&p, 1, SLICE_MS);

		if (n > 0)
			return 0;
		if (atomic_load(cancel))
			return fl_fail(err, FL_ETERM, "it was broken off");
		if (n < 0 && errno != EINTR)
			return fl_fail(err, FL_EIO, "poll failed: %s",
				       strerror(errno));
		if (fl_now_s() >= until)
			return fl_fail(err, FL_ETIMEOUT,
				       "the other end stopped %s", doing);
	}
}

/* The date, which the two machines compare; how long something took is always
 * told by fl_now_s(), which nobody can set. */
static int64_t date_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

static int broken(const struct stream *s, const char *why)
{
	return fl_fail(s->err, FL_EPEER, "the connection broke: %s", why);
}

/* All of it, within the limit of the whole measurement. Never a call that
 * blocks: the thread has to see that it is cancelled. */
static int send_bytes(const struct stream *s, const unsigned char *p, size_t n,
		      const char *doing)
{
	while (n > 0) {
		ssize_t k = send(s->fd, p, n, MSG_DONTWAIT | MSG_NOSIGNAL);
		int rc = 0;

		if (k >= 0) {
			p += k;
			n -= (size_t)k;
		} else if (errno == EAGAIN) {
			rc = measure_wait(s->fd, POLLOUT, s->until, s->cancel,
					  doing, s->err);
		} else if (errno != EINTR) {
			rc = broken(s, strerror(errno));
		}
		if (rc != 0)
			return rc;
	}
	return 0;
}

/* At least one byte; how many, or a negative code. */
static ssize_t receive_some(const struct stream *s, unsigned char *p, size_t n,
			    const char *doing)
{
	for (;;) {
		ssize_t k = recv(s->fd, p, n, MSG_DONTWAIT);
		int rc = 0;

		if (k > 0)
			return k;
		if (k == 0)
			rc = broken(s, "the other end closed it");
		else if (errno == EAGAIN)
			rc = measure_wait(s->fd, POLLIN, s->until, s->cancel,
					  doing, s->err);
		else if (errno != EINTR)
			rc = broken(s, strerror(errno));
		if (rc != 0)
			return rc;
	}
}

/* A message: what the number and the value mean follows from who sends it
 * when. */
static int send_record(const struct stream *s, uint64_t number, int64_t value)
{
	unsigned char b[MESSAGE];

	fl_put(b, number, 8);
	fl_put(b + 8, (uint64_t)value, 8);
	return send_bytes(s, b, sizeof(b), "taking messages");
}

static int receive_record(const struct stream *s, uint64_t *number,
			  int64_t *value)
{
	unsigned char b[MESSAGE];

	for (size_t have = 0; have < sizeof(b);) {
		ssize_t k = receive_some(s, b + have, sizeof(b) - have,
					 "answering");

		if (k < 0)
			return (int)k;
		have += (size_t)k;
	}
	*number = fl_get(b, 8);
	*value = (int64_t)fl_get(b + 8, 8);
	return 0;
}

/* The rate is the receiver's to tell: what was sent may lie in the kernel
 * still. */
static int send_stream(const struct stream *s, double seconds)
{
	static const unsigned char chunk[CHUNK] = { 1 }, last[CHUNK] = { 0 };
	double start = fl_now_s(), spent = 0;
	int64_t sent = 0;
	int rc = 0;

	while (rc == 0 &&
	       (spent < seconds ||
		(sent < STREAM_LEAST && spent < STREAM_LONGER * seconds))) {
		rc = send_bytes(s, chunk, sizeof(chunk), "taking data");
		sent += CHUNK;
		spent = fl_now_s() - start;
	}
	return rc == 0 ? send_bytes(s, last, sizeof(last), "taking data") : rc;
}

/* The first quarter is left out, while TCP's window opens and shapers give a
 * burst away; the rest has 24 slices for the quartile. */
static int receive_stream(const struct stream *s, double seconds, double *rate)
{
	struct rate_meter meter = { .warm_s = seconds / 4,
				    .slice_s = seconds / 32 };
	unsigned char buf[8 * CHUNK];
	bool last = false;
	size_t at = 0; /* in a chunk */

	while (!last || at > 0) {
		/* Nothing is sent after it until we speak. */
		ssize_t k = receive_some(s, buf, sizeof(buf), "sending data");

		if (k < 0)
			return (int)k;
		rate_add(&meter, fl_now_s(), (size_t)k);
		/* The first byte of each chunk that begins in here says whether
		 * it is the last. */
		for (size_t i = (CHUNK - at) % CHUNK; i < (size_t)k; i += CHUNK)
			last |= buf[i] == 0;
		at = (at + (size_t)k) % CHUNK;
	}
	*rate = rate_of(&meter);
	return 0;
}

static int ask_trips(const struct stream *s, struct measure_result *out)
{
	struct clock_sample samples[MEASURE_TRIPS_MAX];
	double trips[MEASURE_TRIPS_MAX];
	double end = fl_now_s() + s->plan->trips_s;
	int n = 0, rc = 0;

	while (n < s->plan->trips && (n < LEAST_TRIPS || fl_now_s() < end)) {
		uint64_t number = 0;
		double start = fl_now_s();

		samples[n].left = date_ns();
		rc = send_record(s, (uint64_t)n + 1, 0);
		if (rc == 0)
			rc = receive_record(s, &number, &samples[n].answered);
		if (rc == 0 && number != (uint64_t)n + 1)
			rc = broken(s, "it answered out of turn");
		if (rc != 0)
			return rc;
		samples[n].returned = date_ns();
		trips[n++] = fl_now_s() - start;
	}
	out->trips = n;
	out->clock = estimate_clock(samples, n);
	out->round_trip = estimate_median(trips, n);
	/* The median has sorted them. */
	out->round_trip_least = n > 0 ? trips[0] : 0;
	return 0;
}

/* Long ways need longer streams, or all of one would be the opening of a
 * window. */
static double stream_time(const struct measure_plan *p, double round_trip)
{
	double s = WINDOW_TRIPS * round_trip;

	if (p->stream_s <= 0)
		return 0;
	s = s > p->stream_s ? s : p->stream_s;
	return s < STREAM_MOST_S ? s : STREAM_MOST_S;
}

static struct stream begin(int fd, const struct measure_plan *plan,
			   const atomic_bool *cancel, struct fl_err *err)
{
	int one = 1, unsent = UNSENT;

	/* Fails on what is no TCP socket, where neither is needed. */
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent, sizeof(unsent));
	fcntl(fd, F_SETFL, O_NONBLOCK);
	return (struct stream){ fd, fl_now_s() + plan->limit_s, plan, cancel,
				err };
}

/* The first message says that the other end's thread runs: without it the first
 * round trip would hold the start of that thread. */
int measure_ask(int fd, const struct measure_plan *plan,
		const atomic_bool *cancel, struct measure_result *out,
		struct fl_err *err)
{
	struct stream s = begin(fd, plan, cancel, err);
	double seconds;
	uint64_t number;
	int64_t rate = 0;
	int rc;

	*out = (struct measure_result){ 0 };
	rc = receive_record(&s, &number, &rate); /* it is ready */
	if (rc == 0)
		rc = ask_trips(&s, out);
	seconds = stream_time(plan, out->round_trip);
	if (rc == 0)
		rc = send_record(&s, 0, (int64_t)(seconds * 1e9));
	if (rc != 0 || seconds <= 0)
		return rc;
	rc = send_stream(&s, seconds);
	if (rc == 0)
		rc = receive_record(&s, &number, &rate);
	if (rc == 0)
		rc = receive_stream(&s, seconds, &out->back);
	out->there = (double)rate;
	return rc;
}

/* Answer round trips until the other end has had enough; *value is then how
 * long the streams are to be, ns. */
static int answer_trips(const struct stream *s, int64_t *value)
{
	uint64_t number = 1;
	int rc = send_record(s, 0, 0);

	while (rc == 0) {
		rc = receive_record(s, &number, value);
		if (rc != 0 || number == 0)
			break;
		rc = send_record(s, number, date_ns());
	}
	return rc;
}

int measure_answer(int fd, const struct measure_plan *plan,
		   const atomic_bool *cancel, struct fl_err *err)
{
	struct stream s = begin(fd, plan, cancel, err);
	double rate = 0, seconds;
	int64_t value = 0;
	int rc = answer_trips(&s, &value);

	seconds = (double)value * 1e-9;
	/* The other end made this up: it is not believed beyond what is
	 * agreed. */
	seconds = seconds < STREAM_MOST_S ? seconds : STREAM_MOST_S;
	if (rc != 0 || seconds <= 0)
		return rc;
	rc = receive_stream(&s, seconds, &rate);
	if (rc == 0)
		rc = send_record(&s, 0, (int64_t)rate);
	return rc == 0 ? send_stream(&s, seconds) : rc;
}

/* remote.c - one question over HTTP, as short as it can be.
 *
 * HTTP/1.0, so that the answer ends where the connection does and comes in one
 * piece. The other end may be anything that listens there: all of it has
 * PATIENCE_S, MOST_BYTES are read, and what comes is shown by screen.c, which
 * believes no letter. The token goes over the network as it is: docs/watch.md
 * says how to keep it from others. */
#include "watch/remote.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define PATIENCE_S 5.0
#define MOST_BYTES ((size_t)4 << 20)

bool remote_parse(const char *word, struct remote *out)
{
	const char *at = fl_starts_with(word, "http://") ? word + 7 : word;
	const char *end = at + strcspn(at, "/"), *colon;
	size_t len;

	/* Behind the address nothing but the slash. */
	if (*end && (at == word || end[1]))
		return false;
	colon = memrchr(at, ':', (size_t)(end - at));
	if (!colon || colon == at || colon + 1 == end || end - colon > 6 ||
	    (size_t)(end - colon - 1) != strspn(colon + 1, "0123456789"))
		return false;
	len = (size_t)(colon - at);
	if (*at == '[' && len > 2 && colon[-1] == ']') {
		at++;
		len -= 2;
	}
	if (len >= sizeof(out->host) || strtol(colon + 1, NULL, 10) > 65535)
		return false;
	snprintf(out->host, sizeof(out->host), "%.*s", (int)len, at);
	snprintf(out->port, sizeof(out->port), "%.*s", (int)(end - colon - 1),
		 colon + 1);
	return true;
}

/* Until fd can be read or written; false when the time is over. */
static bool ready(int fd, short what, double until)
{
	struct pollfd p = { .fd = fd, .events = what };
	double left = until - fl_now_s();
	int n = left > 0 ? poll(&p, 1, (int)(1e3 * left) + 1) : 0;

	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

static int open_at(const struct addrinfo *a, double until)
{
	int fd = socket(a->ai_family,
			a->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int why = 0;
	socklen_t size = sizeof(why);

	if (fd < 0)
		return -1;
	if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
		return fd;
	if (errno == EINPROGRESS && ready(fd, POLLOUT, until)) {
		if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &why, &size) == 0 &&
		    why == 0)
			return fd;
		errno = why;
	}
	why = errno;
	close(fd);
	errno = why;
	return -1;
}

static int reach(const struct remote *r, double until, int *fd,
		 struct fl_err *err)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *list;
	int rc = getaddrinfo(r->host, r->port, &hints, &list);

	*fd = -1;
	if (rc != 0)
		return fl_fail(err, FL_EPEER, "'%s' is not known here: %s",
			       r->host, gai_strerror(rc));
	for (const struct addrinfo *a = list; a && *fd < 0; a = a->ai_next)
		*fd = open_at(a, until);
	freeaddrinfo(list);
	if (*fd < 0)
		return fl_fail(err, FL_EPEER,
			       "%s:%s cannot be reached: %s; there 'flotilla "
			       "watch RUN --serve %s' has to be at work",
			       r->host, r->port, strerror(errno), r->port);
	return 0;
}

static bool send_question(const struct remote *r, int fd, double until)
{
	struct fl_str q = FL_STR_INIT;
	size_t sent = 0;
	bool whole;

	fl_str_addf(&q, "GET /status.json HTTP/1.0\r\nHost: %s:%s\r\n", r->host,
		    r->port);
	if (*r->token)
		fl_str_addf(&q, "Authorization: Bearer %s\r\n", r->token);
	fl_str_add(&q, "\r\n");
	while (sent < q.len && ready(fd, POLLOUT, until)) {
		ssize_t n = send(fd, q.data + sent, q.len - sent, MSG_NOSIGNAL);

		if (n < 0 && errno != EAGAIN && errno != EINTR)
			break;
		sent += n > 0 ? (size_t)n : 0;
	}
	whole = sent == q.len;
	fl_str_release(&q);
	return whole;
}

/* All that comes, up to the end of the connection. */
static bool read_answer(int fd, double until, struct fl_str *out)
{
	char part[16384];

	while (out->len <= MOST_BYTES && ready(fd, POLLIN, until)) {
		ssize_t n = recv(fd, part, sizeof(part), 0);

		if (n == 0)
			return true;
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return false;
		if (n > 0)
			fl_str_addn(out, part, (size_t)n);
	}
	if (out->len > MOST_BYTES)
		errno = EFBIG;
	return false;
}

static int take_answer(const struct remote *r, const struct fl_str *answer,
		       struct json **out, struct fl_err *err)
{
	const char *text = fl_str_get(answer);
	const char *body = strstr(text, "\r\n\r\n");
	char what[300];
	long status = 0;

	snprintf(what, sizeof(what), "%s:%s", r->host, r->port);
	if (fl_starts_with(text, "HTTP/1.") && strlen(text) > 12)
		status = strtol(text + 9, NULL, 10);
	if (status == 401)
		return fl_fail(err, FL_EUSAGE,
			       "%s wants %s token: FLOTILLA_TOKEN or --token",
			       what, *r->token ? "another" : "a");
	if (status == 403)
		return fl_fail(err, FL_EUSAGE,
			       "%s answers its own machine alone", what);
	if (status != 200 || !body)
		return fl_fail(err, FL_EDATA,
			       "what listens at %s is no 'flotilla watch "
			       "--serve'",
			       what);
	body += 4;
	*out = json_parse(body, answer->len - (size_t)(body - text), what, err);
	if (!*out)
		return err->code;
	if (json_get(*out, "state"))
		return 0;
	json_free(*out);
	*out = NULL;
	return fl_fail(err, FL_EDATA, "%s gives no status of a run", what);
}

int remote_ask(const struct remote *r, struct json **out, struct fl_err *err)
{
	double until = fl_now_s() + PATIENCE_S;
	struct fl_str answer = FL_STR_INIT;
	int fd, rc = reach(r, until, &fd, err);

	if (rc != 0)
		return rc;
	if (!send_question(r, fd, until) || !read_answer(fd, until, &answer))
		rc = fl_fail(err, FL_EPEER, "%s:%s does not answer: %s",
			     r->host, r->port, strerror(errno));
	else
		rc = take_answer(r, &answer, out, err);
	fl_close(&fd);
	fl_str_release(&answer);
	return rc;
}

/* agent_link.c - the trainer's end of the link with its agent.
 *
 * cmd/flotilla.c opens it first of all; the training loop posts its phase and
 * steps on the shared page, which costs no system call, and the rest are lines.
 * A line is sent whole or dropped: a slow agent must not hold up a step. Only
 * the agreement before the first step is sent to the end and answered.
 */
#include "agent/agent_link.h"

#include "base/clock.h"
#include "base/str.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

/* One link a process, as there is one agent: closed by the system alone, for
 * its end is how the agent sees that a trainer begins to end
 * (launch/job/trainer.c). */
static int link_fd = -1;
static struct agent_status *status;

/* The number that a variable names, which a program of ours that this one
 * starts must not inherit: the link would stay open after us. Below 3 are the
 * standard descriptors, so such a value is a mistake; -1 for none. */
static int descriptor(const char *variable)
{
	const char *text = getenv(variable);
	int fd = text ? atoi(text) : -1;

	if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return fd;
}

/* Dropped where the socket is full. Lines are short, and the socket takes a
 * short one whole or not at all. */
static void tell(enum agent_event event, const void *values)
{
	struct fl_str s = FL_STR_INIT;

	if (link_fd < 0)
		return;
	agent_line_print(event, values, &s);
	send(link_fd, fl_str_get(&s), s.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	fl_str_release(&s);
}

void agent_link_open(void)
{
	int page = descriptor(AGENT_STATUS_VARIABLE);
	struct stat st;
	void *p;

	link_fd = descriptor(AGENT_FD_VARIABLE);
	tell(AGENT_HELLO, &(struct agent_hello){ .version = 1 });
	/* a shorter file under this number would end us at the first write */
	if (page < 0 || fstat(page, &st) != 0 ||
	    st.st_size < (off_t)sizeof(*status))
		return;
	/* Never unmapped: threads post on it until the process ends. */
	p = mmap(NULL, sizeof(*status), PROT_READ | PROT_WRITE, MAP_SHARED,
		 page, 0);
	if (p != MAP_FAILED) {
		status = p;
		/* The agent reads a page of version 0 as one of a program that
		 * tells nothing. */
		status->version = 1;
	}
}

bool agent_link_is_open(void)
{
	return link_fd >= 0;
}

/* Plain stores: only the training thread writes them, and the agent, which
 * shows them, can live with one that is half an old one. */
void agent_link_phase(int64_t step, const char *phase)
{
	if (!status)
		return;
	status->step = step;
	snprintf(status->phase, sizeof(status->phase), "%s", phase);
}

/* The number first, then the count: an agent that looks in between sees a rank
 * which is not inside yet, and never one inside an older operation. */
void agent_link_enter(void)
{
	if (!status)
		return;
	atomic_fetch_add(&status->collective, 1);
	atomic_fetch_add(&status->inside, 1);
}

void agent_link_leave(void)
{
	if (status)
		atomic_fetch_sub(&status->inside, 1);
}

void agent_link_beat(void)
{
	if (status)
		atomic_fetch_add(&status->beat, 1);
}

void agent_link_step(double step_s, double data_s, double wait_s)
{
	if (!status)
		return;
	atomic_fetch_add(&status->step_us, (long long)(1e6 * step_s));
	atomic_fetch_add(&status->data_us, (long long)(1e6 * data_s));
	atomic_fetch_add(&status->wait_us, (long long)(1e6 * wait_s));
	/* Last, so that the sums hold at least the steps that are counted. */
	atomic_fetch_add(&status->steps, 1);
}

void agent_link_fault(int code, const char *text)
{
	tell(AGENT_FAULT, &(struct agent_fault){ code, text });
}

void agent_link_checkpoint(int64_t step, const char *path)
{
	tell(AGENT_CHECKPOINT, &(struct agent_checkpoint){ step, path });
}

void agent_link_model(const struct agent_model *model)
{
	tell(AGENT_MODEL, model);
}

void agent_link_pace(const struct agent_pace *pace)
{
	struct agent_pace p = *pace;

	/* A line for people to read: digits beyond are noise. */
	p.compute_s = round(1e9 * p.compute_s) / 1e9;
	p.step_s = round(1e9 * p.step_s) / 1e9;
	tell(AGENT_PACE, &p);
}

/* Wait for the socket; a signal is not slept over. */
static int wait_link(short what, double until, struct fl_err *err)
{
	struct pollfd fd = { link_fd, what, 0 };
	double left = until - fl_now_s();
	int n = left > 0 ? poll(&fd, 1, (int)(left * 1000) + 1) : 0;

	if (n > 0)
		return 0;
	if (n == 0)
		return fl_fail(
			err, FL_ETIMEOUT,
			"the other machines did not say within the time that they train the same");
	if (errno == EINTR)
		return fl_fail(err, FL_ETERM,
			       "stopped while waiting for the other machines");
	return fl_fail(err, FL_EIO, "waiting for the agent failed: %s",
		       strerror(errno));
}

/* The digest may be longer than the socket takes at once, and must arrive. */
static int send_all(const char *text, size_t size, double until,
		    struct fl_err *err)
{
	while (size > 0) {
		/* The bound holds for all of it, not for each piece. */
		int rc = wait_link(POLLOUT, until, err);
		ssize_t n;

		if (rc != 0)
			return rc;
		n = send(link_fd, text, size, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (n < 0 && errno != EAGAIN && errno != EINTR)
			return fl_fail(err, FL_EPEER, "the agent is gone: %s",
				       strerror(errno));
		text += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/* Is the line that ends here the agent's word? */
static bool is_go(const char *line, size_t size)
{
	struct fl_err unread = FL_ERR_INIT;
	struct json *o = json_parse(line, size, "a line", &unread);
	bool go = agent_line_event(o) == AGENT_GO;

	json_free(o);
	return go;
}

/* Removes the whole lines from what came; true: one of them is the word. Lines
 * that are not known here are a newer agent's, and are left. */
static bool take_lines(struct fl_str *got)
{
	bool go = false;
	char *end;

	while (got->len > 0 && (end = memchr(got->data, '\n', got->len))) {
		size_t n = (size_t)(end - got->data);

		go |= is_go(got->data, n);
		got->len -= n + 1;
		memmove(got->data, end + 1, got->len);
	}
	return go;
}

/* The link's end means that the agent died. The system ends this process too
 * (PDEATHSIG); the sentence is for its log. */
static int wait_go(double until, struct fl_err *err)
{
	struct fl_str got = FL_STR_INIT;
	int rc = 0;

	while (rc == 0 && !take_lines(&got)) {
		char buf[256];
		ssize_t n;

		rc = wait_link(POLLIN, until, err);
		if (rc != 0)
			break;
		n = recv(link_fd, buf, sizeof(buf), MSG_DONTWAIT);
		if (n > 0)
			fl_str_addn(&got, buf, (size_t)n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			rc = fl_fail(err, FL_EPEER, "the agent is gone");
	}
	fl_str_release(&got);
	return rc;
}

int agent_link_agree(const struct agent_item *items, int count, double limit_s,
		     struct fl_err *err)
{
	double until = fl_now_s() + limit_s;
	struct json *list;
	struct fl_str s = FL_STR_INIT;
	int rc;

	if (link_fd < 0)
		return 0;
	list = json_new_array();
	for (int i = 0; i < count; i++)
		json_add(list, record_write(&agent_item_record, &items[i], 0));
	agent_line_print(AGENT_DIGEST, &(struct agent_digest){ list }, &s);
	json_free(list);
	rc = send_all(fl_str_get(&s), s.len, until, err);
	fl_str_release(&s);
	return rc == 0 ? wait_go(until, err) : rc;
}

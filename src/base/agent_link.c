#include "base/agent_link.h"

#include "base/str.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>

static int link_fd = -1;
static struct agent_status *status;

static int descriptor(const char *variable)
{
	const char *text = getenv(variable);
	int fd = text ? atoi(text) : -1;

	if (fd < 3 || fcntl(fd, F_SETFD, FD_CLOEXEC) != 0)
		return -1;
	return fd;
}

void agent_link_open(void)
{
	int page = descriptor(AGENT_STATUS_VARIABLE);
	void *p;

	link_fd = descriptor(AGENT_FD_VARIABLE);
	if (page < 0)
		return;
	p = mmap(NULL, sizeof(*status), PROT_READ | PROT_WRITE, MAP_SHARED,
		 page, 0);
	if (p != MAP_FAILED) {
		status = p;
		status->version = 1;
	}
}

void agent_link_phase(int64_t step, const char *phase)
{
	if (!status)
		return;
	status->step = step;
	snprintf(status->phase, sizeof(status->phase), "%s", phase);
}

/* Text as a JSON string. */
static void add_quoted(struct fl_str *s, const char *text)
{
	fl_str_add(s, "\"");
	for (; *text; text++) {
		unsigned char c = (unsigned char)*text;

		if (c == '"' || c == '\\')
			fl_str_addf(s, "\\%c", c);
		else if (c < 0x20)
			fl_str_addf(s, "\\u%04x", c);
		else
			fl_str_addn(s, text, 1);
	}
	fl_str_add(s, "\"");
}

static void send_line(struct fl_str *s)
{
	fl_str_add(s, "}\n");
	if (link_fd >= 0)
		send(link_fd, fl_str_get(s), s->len,
		     MSG_DONTWAIT | MSG_NOSIGNAL);
	fl_str_release(s);
}

void agent_link_fault(int code, const char *text)
{
	struct fl_str s = FL_STR_INIT;

	fl_str_addf(&s, "{\"event\":\"fault\",\"status\":%d,\"text\":", code);
	add_quoted(&s, text);
	send_line(&s);
}

void agent_link_checkpoint(int64_t step, const char *path)
{
	struct fl_str s = FL_STR_INIT;

	fl_str_addf(&s, "{\"event\":\"checkpoint\",\"step\":%lld,\"path\":",
		    (long long)step);
	add_quoted(&s, path);
	send_line(&s);
}

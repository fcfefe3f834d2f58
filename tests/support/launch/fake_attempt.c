/* fake_attempt.c - see fake_attempt.h. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/launch/fake_attempt.h"

#include "support/scratch.h"

#include "base/arena.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static int opened; /* so far: each has a folder of its own */

static void send_note(void *ctx, int host, enum wire_type type,
		      const struct json *o)
{
	struct fake *x = ctx;

	assert_in_range(x->sent_count, 0, FAKE_SENT - 1);
	if (x->away[host])
		return;
	x->sent[x->sent_count].host = host;
	x->sent[x->sent_count].type = type;
	x->sent[x->sent_count++].o = json_clone(o);
}

static bool is_here(void *ctx, int host)
{
	const struct fake *x = ctx;

	return host != x->post.self && !x->away[host];
}

static void note_fault(void *ctx, struct json *report)
{
	struct fake *x = ctx;

	json_free(x->fault);
	x->fault = report;
	x->faults++;
}

static void open_trainer(struct fake *x, int i)
{
	struct trainer *t = &x->trainers[i];
	int ends[2];

	assert_int_equal(
		socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
	*t = (struct trainer){ .rank = layout_own(&x->layout)->first + i,
			       .local = i,
			       .pid = getpid(),
			       .output = -1,
			       .link = ends[0],
			       .status = &x->pages[i],
			       .speaks = true };
	x->pages[i].version = 1;
	x->links[i] = ends[1];
}

struct fake *fake_open(int machines, int each, int self)
{
	struct fake *x = fl_calloc(1, sizeof(*x));
	const int devices[FAKE_TRAINERS] = { 0, 1, 2, 3 };
	struct fl_err err = FL_ERR_INIT;
	char ips[256] = "", name[32];

	for (int i = 0; i < machines; i++)
		snprintf(ips + strlen(ips), sizeof(ips) - strlen(ips),
			 "%s127.0.0.%d", i ? "," : "", i + 1);
	snprintf(name, sizeof(name), "127.0.0.%d", self + 1);
	assert_int_equal(hosts_open(&x->plan.hosts, ips, name, &err), 0);
	x->plan.alone = machines == 1;
	x->plan.count = each;
	x->plan.agent_port = 1; /* nobody listens there */
	for (int i = 0; i < machines; i++)
		layout_add(&x->layout, i, devices, each);
	x->layout.self = self;
	for (int i = 0; i < each; i++)
		open_trainer(x, i);
	x->job = (struct job){ .trainers = x->trainers, .started = each };
	snprintf(x->folder, sizeof(x->folder), "%s/%d", scratch_dir(),
		 ++opened);
	assert_int_equal(mkdir(x->folder, 0700), 0);
	x->options.log_dir = x->folder;
	x->options.stall_policy = "wait";
	x->post = (struct post){ .layout = &x->layout,
				 .self = self,
				 .hosts = machines,
				 .ctx = x,
				 .send = send_note,
				 .here = is_here };
	x->attempt = (struct attempt){ .options = &x->options,
				       .plan = &x->plan,
				       .layout = &x->layout,
				       .job = &x->job,
				       .post = &x->post,
				       .ctx = x,
				       .fault = note_fault };
	return x;
}

void fake_close(struct fake *x)
{
	for (int i = 0; i < x->job.started; i++) {
		close(x->trainers[i].link);
		close(x->links[i]);
	}
	for (int i = 0; i < x->sent_count; i++)
		json_free(x->sent[i].o);
	json_free(x->fault);
	layout_release(&x->layout);
	hosts_release(&x->plan.hosts);
	free(x);
}

int fake_sent(const struct fake *x, int host, enum wire_type type)
{
	for (int i = x->sent_count - 1; i >= 0; i--)
		if (x->sent[i].host == host && x->sent[i].type == type)
			return i;
	return -1;
}

const char *fake_told(const struct fake *x, int local)
{
	static char text[256];
	ssize_t n = read(x->links[local], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return text;
}

struct json *fake_json(const char *text)
{
	struct fl_err err = FL_ERR_INIT;
	char *copy = fl_strdup(text);
	struct json *o;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	o = json_parse(copy, strlen(copy), "test", &err);
	free(copy);
	assert_non_null(o);
	return o;
}

const char *fake_file(const struct fake *x, const char *name)
{
	static char text[65536];
	char path[256];
	size_t n = 0;
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", x->folder, name);
	file = fopen(path, "r");
	if (file) {
		n = fread(text, 1, sizeof(text) - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	return text;
}

const char *fake_end(const struct fake *x)
{
	return json_text_or(x->fault, "end", "");
}

int fake_status(const struct fake *x)
{
	return (int)json_int_or(x->fault, "status", 0);
}

/* What a trainer says over its link, with all watches listening, and (second part) the
 * file in which PyTorch's programs leave their error. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "launch/job/trainer.h"
#include "launch/watch/watch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

struct stage {
	struct launch_options options;
	struct launch_plan plan;
	struct layout layout;
	struct job job;
	struct trainer trainer;
	struct agent_status page;
	struct post post;
	struct attempt attempt;
	struct watches watches;
};

static void drop_send(void *ctx, int host, enum wire_type type,
		      const struct json *o)
{
	struct fl_str text = FL_STR_INIT;

	(void)ctx, (void)host, (void)type;
	if (o)
		json_print(o, 0, &text);
	fl_str_release(&text);
}

static bool is_here(void *ctx, int host)
{
	(void)ctx;
	return host != 0;
}

static void drop_fault(void *ctx, struct json *report)
{
	(void)ctx;
	json_free(report);
}

static void on_said(void *ctx, struct trainer *t, enum agent_event event,
		    const struct json *line)
{
	struct stage *s = ctx;
	struct agent_checkpoint c;

	FUZZ_CHECK(event >= 0 && event < AGENT_EVENTS);
	watches_said(&s->watches, t, event, line);
	if (event == AGENT_CHECKPOINT)
		record_read(&agent_checkpoint_record, line, &c);
}

static struct stage *open_stage(void)
{
	static const int devices[] = { 0 };
	struct stage *s = fl_calloc(1, sizeof(*s));
	struct fl_err err = FL_ERR_INIT;

	FUZZ_CHECK(hosts_open(&s->plan.hosts, "127.0.0.1,127.0.0.2",
			      "127.0.0.1", &err) == 0);
	s->plan.count = 1;
	s->options.log_dir = fuzz_folder();
	s->options.stall_policy = "wait";
	s->options.stall = 60;
	s->options.ledger = 10;
	layout_add(&s->layout, 0, devices, 1);
	layout_add(&s->layout, 1, devices, 1);
	s->page.version = 1;
	s->trainer = (struct trainer){ .output = -1,
				       .status = &s->page,
				       .pid = getpid() };
	s->job = (struct job){ .trainers = &s->trainer, .started = 1 };
	s->post = (struct post){ .layout = &s->layout,
				 .hosts = 2,
				 .ctx = s,
				 .send = drop_send,
				 .here = is_here };
	s->attempt = (struct attempt){ .options = &s->options,
				       .plan = &s->plan,
				       .layout = &s->layout,
				       .job = &s->job,
				       .post = &s->post,
				       .ctx = s,
				       .fault = drop_fault };
	watches_begin(&s->watches, &s->attempt);
	return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_parts p = { .at = data, .end = data + size };
	struct stage *s = open_stage();
	struct trainer *t = &s->trainer;
	int ends[2];

	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends) ==
		   0);
	t->link = ends[0];
	fuzz_next(&p);
	FUZZ_CHECK(write(ends[1], p.data, p.size) == (ssize_t)p.size);
	trainer_read_link(t, on_said, s);
	FUZZ_CHECK(!t->link_over);
	close(ends[1]);
	trainer_read_link(t, on_said, s);
	FUZZ_CHECK(t->link_over);
	if (fuzz_next(&p)) {
		snprintf(t->error_path, sizeof(t->error_path), "%s",
			 fuzz_file("error.json", p.data, p.size));
		trainer_read_error(t);
	}
	FUZZ_CHECK(strlen(t->fault) < sizeof(t->fault));
	watches_end(&s->watches);
	t->status = NULL; /* it is no page of memory of its own */
	trainer_close(t);
	layout_release(&s->layout);
	hosts_release(&s->plan.hosts);
	free(s);
	return 0;
}

/* A whole session of frames after the greeting: an agent of three machines, of which it
 * is the second, or (bit 3 of the first byte) the first, in the state that the three
 * lowest bits of that byte say, hears frames as they come over the wire, from the two
 * others in turn. It has no trainers and no links: START, which starts some, MEASURE,
 * which calls others, and PAUSE, which tells a link to be patient, are left out. */
#include "fuzz/fuzz.h"

#include "base/arena.h"
#include "launch/fleet/frames.h"
#include "launch/fleet/member.h"
#include "launch/fleet/state.h"
#include "launch/fleet/verdict.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define HOSTS 3
#define RANKS 2 /* of each machine, before a PREPARE says otherwise */

struct stage {
	struct launch_options options;
	struct launch_plan plan;
	struct fleet fleet;
};

static void open_hosts(struct hosts *hosts, int self)
{
	static const char *const names[] = { "127.0.0.1", "127.0.0.2",
					     "127.0.0.3" };
	struct fl_err err = FL_ERR_INIT;

	FUZZ_CHECK(hosts_open(hosts, "127.0.0.1,127.0.0.2,127.0.0.3",
			      names[self], &err) == 0);
}

/* Ours stands where it was told, and nothing more of it is looked at. */
static void note_fault(void *ctx, struct json *report)
{
	verdict_report(ctx, report);
}

static struct stage *open_stage(int self)
{
	static const int devices[RANKS] = { 0, 1 };
	struct stage *s = fl_calloc(1, sizeof(*s));
	struct fleet *f = &s->fleet;

	open_hosts(&s->plan.hosts, self);
	s->plan.count = RANKS;
	s->plan.token = "";
	s->plan.line = (char *)(uintptr_t) "--ips a,b,c prog";
	s->options.log_dir = fuzz_folder();
	s->options.stall_policy = "abort";
	s->options.stall = 60;
	s->options.ledger = 10;
	s->options.max_restart = 1;
	*f = (struct fleet){ .options = &s->options, .plan = &s->plan };
	f->members = fl_calloc(HOSTS, sizeof(*f->members));
	f->members[self].heard = true;
	fleet_open_post(f);
	for (int i = 0; i < HOSTS; i++)
		layout_add(&f->layout, i, devices, RANKS);
	f->layout.self = self;
	f->layout.ranks = f->ranks = f->layout.world;
	snprintf(f->name, sizeof(f->name), "job");
	f->now = (struct attempt){ .options = &s->options,
				   .plan = &s->plan,
				   .layout = &f->layout,
				   .job = &f->job,
				   .post = &f->post,
				   .ctx = f,
				   .fault = note_fault };
	f->copies = copies_new(s->options.log_dir, self, HOSTS);
	f->follow = follow_new(&s->plan);
	return s;
}

/* What stands by then. */
static void enter(struct fleet *f, enum fleet_state state)
{
	f->state = state;
	if (state == FLEET_WAIT) {
		f->attempt = -1;
		return;
	}
	verdict_begin(f);
	if (state != FLEET_PREPARE) {
		fences_begin(&f->fences, &f->layout);
		f->now.preflight = preflight_new(&f->now);
	}
	if (state == FLEET_RUN || state == FLEET_DONE)
		watches_begin(&f->watches, &f->now);
}

static void close_stage(struct stage *s)
{
	struct fleet *f = &s->fleet;

	fences_end(&f->fences);
	watches_end(&f->watches);
	preflight_free(f->now.preflight);
	follow_free(f->follow);
	copies_free(f->copies, false);
	layout_release(&f->layout);
	verdict_forget(f);
	free(f->faults.ending);
	json_free(f->request.held);
	free(f->members);
	hosts_release(&s->plan.hosts);
	free(s);
}

/* What holds after every frame, whoever sent it. */
static void check(const struct fleet *f)
{
	FUZZ_CHECK(f->layout.count <= HOSTS);
	FUZZ_CHECK(f->layout.self < f->layout.count);
	FUZZ_CHECK(f->layout.world >= f->layout.count);
	FUZZ_CHECK(f->resume.name.step == 0 ||
		   (f->resume.from >= 0 && f->resume.from < HOSTS));
	FUZZ_CHECK(f->faults.count <= FAULTS_MOST);
	for (int i = 0; i < HOSTS; i++)
		FUZZ_CHECK(f->members[i].told.newest.step >= 0);
}

static void hear(struct fleet *f, struct wire *w)
{
	struct wire_frame frame;
	bool who[HOSTS];
	int others[2], turn = 0, self = f->plan->hosts.self;

	others[0] = self == 0 ? 1 : 0;
	others[1] = 2;
	while (wire_next(w, &frame) == 1) {
		if (frame.type == WIRE_START || frame.type == WIRE_MEASURE ||
		    frame.type == WIRE_PAUSE)
			continue;
		frames_heard(f, others[turn++ % 2], &frame);
		check(f);
		member_clique(f, who);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct stage *s;
	struct wire w;
	int ends[2];

	if (size < 1 || size > 65536)
		return 0;
	s = open_stage(data[0] & 8 ? 0 : 1);
	enter(&s->fleet, (enum fleet_state)(data[0] % 8 % 6));
	FUZZ_CHECK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) ==
		   0);
	wire_init(&w, ends[0]);
	w.most = WIRE_MAX;
	FUZZ_CHECK(write(ends[1], data + 1, size - 1) == (ssize_t)size - 1);
	wire_pump(&w);
	hear(&s->fleet, &w);
	/* As if the time of collecting faults had passed. */
	for (int i = 0; i < s->fleet.faults.count; i++)
		s->fleet.faults.list[i].at -= 100;
	s->fleet.faults.at -= 100;
	if (s->fleet.state == FLEET_STOP)
		verdict_turn(&s->fleet);
	wire_close(&w);
	close(ends[1]);
	close_stage(s);
	return 0;
}

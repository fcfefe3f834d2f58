/* refuse.c - too few processes or open files, a log folder that cannot be written, a
 * program that is not here: this machine ends, and the others would wait for it
 * as long as --join_timeout.
 *
 * cmd/fleetrun.c calls it when a plan or a limit fails, fleet.c when an agent
 * cannot be opened. A job that was under way is not ended by it: it waits for this
 * machine to return (--rejoin_timeout), perhaps mended.
 */
#include "launch/fleet/refuse.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/fleet/intro.h"
#include "launch/fleet/member.h"
#include "launch/job/fault.h"

#include <stdio.h>
#include <stdlib.h>

/* For machines that are started in the same moment; one that a person comes to
 * later would be waited for in vain. */
#define TELL_S 5.0
#define TICK_MS 50

struct telling {
	struct peers *peers;
	struct json *verdict;
	bool told[HOSTS_MAX];
	int left; /* machines that have not heard of it */
};

static void on_joined(void *ctx, int host, const struct json *intro)
{
	(void)ctx, (void)host, (void)intro;
}

static void on_left(void *ctx, int host, const char *why)
{
	(void)ctx, (void)host, (void)why;
}

static void on_silence(void *ctx, int host, double seconds, bool silent)
{
	(void)ctx, (void)host, (void)seconds, (void)silent;
}

static void on_stream(void *ctx, int host, int fd)
{
	(void)ctx, (void)host;
	fl_close(&fd);
}

/* The first that it tells is what it is at. */
static void on_frame(void *ctx, int host, const struct wire_frame *frame)
{
	struct telling *r = ctx;
	struct fl_err err = FL_ERR_INIT;
	struct told told;
	struct json *o;

	if (frame->type != WIRE_STATE || r->told[host])
		return;
	o = json_parse((const char *)frame->data, frame->size, "a frame", &err);
	if (!o)
		return;
	record_read(&told_record, o, &told);
	json_free(o);
	if (told.attempt < 0)
		peers_send_json(r->peers, host, WIRE_VERDICT, 0, r->verdict);
	r->told[host] = true;
	r->left--;
}

static struct json *write_verdict(const struct launch_plan *p,
				  const struct fl_err *why)
{
	char end[sizeof(why->text) + 64];
	struct json *fault, *o;
	struct verdict v;

	snprintf(end, sizeof(end), "cannot take part: %s", why->text);
	fault = fault_of_machine("machine", hosts_own(&p->hosts), end,
				 (enum fl_code)why->code);
	v = (struct verdict){ .fault = fault,
			      .code = fl_exit_status(why->code) };
	o = record_write(&verdict_record, &v, 0);
	json_free(fault);
	return o;
}

static void tell(struct telling *r)
{
	struct pollfd *fds =
		fl_calloc((size_t)peers_most_fds(r->peers), sizeof(*fds));
	double until = fl_now_s() + TELL_S;

	while (r->left > 0 && fl_now_s() < until) {
		poll(fds, (nfds_t)peers_fds(r->peers, fds), TICK_MS);
		peers_turn(r->peers);
	}
	if (r->left > 0)
		fl_info("%d machine%s could not be told within %g s", r->left,
			r->left == 1 ? "" : "s", TELL_S);
	free(fds);
}

int launch_refuse(const struct launch_options *o, const struct launch_plan *p,
		  const struct fl_err *why)
{
	struct telling r = { .left = p->hosts.count - 1 };
	struct json *intro = intro_write(o, p);
	struct peers_config c = { .hosts = &p->hosts,
				  .port = p->agent_port,
				  .token = p->token,
				  .intro = intro,
				  .silent_s = 2,
				  .lost_s = o->peer_timeout,
				  .ctx = &r,
				  .joined = on_joined,
				  .left = on_left,
				  .frame = on_frame,
				  .silence = on_silence,
				  .stream = on_stream };
	struct fl_err err = FL_ERR_INIT;

	fl_error("%s", why->text);
	r.verdict = write_verdict(p, why);
	if (peers_open(&c, &r.peers, &err) == 0)
		tell(&r);
	peers_close(r.peers);
	json_free(r.verdict);
	json_free(intro);
	return fl_exit_status(why->code);
}

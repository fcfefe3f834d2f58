/* state.c - entering a state means to say so: every change of state, of the
 * newest checkpoint or of whom this machine sees is told to all and written to
 * the fleet file, from which an agent that was killed and is started anew with
 * the same line remembers its job.
 */
#include "launch/fleet/state.h"

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "launch/fleet/member.h"
#include "launch/job/place.h"

#include <stdio.h>
#include <string.h>

#define ROLL_CALL_S 5.0 /* from one on the console to the next, at first */

const char *fleet_host(const struct fleet *fleet, int host)
{
	return hosts_name(&fleet->plan->hosts, host);
}

/* The number of the attempt is put on here and nowhere else; before the first
 * it is -1 (all bits set), as docs/launch-protocol.md says. */
static void post_send(void *ctx, int host, enum wire_type type,
		      const struct json *o)
{
	const struct fleet *fleet = ctx;

	if (o)
		peers_send_json(fleet->peers, host, type,
				(uint32_t)fleet->attempt, o);
	else
		peers_send(fleet->peers, host, type, (uint32_t)fleet->attempt,
			   NULL, 0);
}

static bool post_here(void *ctx, int host)
{
	const struct fleet *fleet = ctx;

	return peers_here(fleet->peers, host);
}

void fleet_open_post(struct fleet *fleet)
{
	fleet->post = (struct post){ .layout = &fleet->layout,
				     .self = fleet->plan->hosts.self,
				     .hosts = fleet->plan->hosts.count,
				     .ctx = fleet,
				     .send = post_send,
				     .here = post_here };
}

/* One bit a machine, the lowest first, four in a hexadecimal digit. */
static void write_sees(const struct fleet *fleet, char *hex)
{
	int count = fleet->plan->hosts.count;

	*hex = '\0';
	for (int i = 0; i < count; i += 4) {
		int four = 0;

		for (int k = i; k < i + 4 && k < count; k++)
			four |= (k == fleet->plan->hosts.self ||
				 peers_here(fleet->peers, k))
				<< (k - i);
		snprintf(hex + i / 4, 2, "%x", (unsigned)four);
	}
}

/* Before its first attempt an agent says what it remembers, so that no attempt
 * gets a number that others have seen. */
static struct json *write_state(const struct fleet *fleet)
{
	const struct told *own = &fleet->members[fleet->plan->hosts.self].told;
	struct told t = { .state = fleet->state,
			  .attempt = fleet->attempt,
			  .restarts = fleet->restarts,
			  .ranks = fleet->ranks,
			  .over = fleet->over,
			  .newest = *copies_newest(fleet->copies) };
	unsigned forms = t.newest.step > 0 ? TOLD_COPY : 0;

	snprintf(t.job, sizeof(t.job), "%s", fleet->name);
	if (fleet->attempt < 0) { /* started anew: what is remembered */
		t.attempt = own->attempt;
		t.restarts = own->restarts;
		t.ranks = own->ranks;
		t.past = *own->job != '\0';
		memcpy(t.job, own->job, sizeof(t.job));
		forms |= TOLD_PAST;
	}
	write_sees(fleet, t.sees);
	return record_write(&told_record, &t, forms);
}

void fleet_tell_state_to(struct fleet *fleet, int host)
{
	struct json *o = write_state(fleet);

	fleet->post.send(fleet->post.ctx, host, WIRE_STATE, o);
	json_free(o);
}

void fleet_tell_state(struct fleet *fleet)
{
	struct json *o = write_state(fleet);
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	post_to_all(&fleet->post, WIRE_STATE, o);
	/* Alone nobody asks; before a start has succeeded the file of an
	 * earlier job is worth more than ours. */
	if (fleet->peers && fleet->attempt >= 0 &&
	    (fleet->begun || !fleet->spares)) {
		struct place_mark mark = { fleet->over, fleet->plan->line };

		place_fleet_file(fleet->options->log_dir,
				 fleet->plan->hosts.self, path, sizeof(path));
		record_set(&place_mark_record, &mark, 0, o);
		if (json_write(o, path, &err) != 0)
			fl_warn("%s", err.text);
	}
	json_free(o);
}

/* A file of a job that is over is no use; one of another line belongs to a job
 * that was interrupted here, and is spared until our start has succeeded. */
void fleet_remember(struct fleet *fleet)
{
	struct told *own = &fleet->members[fleet->plan->hosts.self].told;
	struct fl_err err = FL_ERR_INIT;
	struct place_mark mark;
	char path[4096];
	struct json *o;
	struct told t;

	place_fleet_file(fleet->options->log_dir, fleet->plan->hosts.self, path,
			 sizeof(path));
	o = fl_exists(path) ? json_read(path, &err) : NULL;
	record_read(&place_mark_record, o, &mark);
	if (o && !mark.over) {
		fleet->spares = strcmp(mark.line, fleet->plan->line) != 0;
		record_read(&told_record, o, &t);
		copy_name_settle(&t.newest);
	}
	if (o && !mark.over && !fleet->spares) {
		own->past = true;
		own->attempt = t.attempt;
		own->restarts = t.restarts;
		own->ranks = t.ranks;
		memcpy(own->job, t.job, sizeof(own->job));
		copies_recall(fleet->copies, own->job, &t.newest);
	}
	json_free(o);
}

/* The roll call begins anew with each state: its pace is that of this wait. */
void fleet_enter(struct fleet *fleet, enum fleet_state state)
{
	fleet->state = state;
	fleet->since = fl_now_s();
	fleet->rollcall =
		(struct rollcall){ .told_here = -1, .tell_every = ROLL_CALL_S };
	fleet_tell_state(fleet);
}

/* Told before the links close: without this word the others might take our end
 * for a loss. */
void fleet_over(struct fleet *fleet, int code)
{
	fleet->over = true;
	fleet->code = code;
	fleet_tell_state(fleet);
}

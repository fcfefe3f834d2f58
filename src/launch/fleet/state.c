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

const char *fleet_host(const struct fleet *f, int host)
{
	return hosts_name(&f->plan->hosts, host);
}

static void post_send(void *ctx, int host, enum wire_type type,
		      const struct json *o)
{
	const struct fleet *f = ctx;

	if (o)
		peers_send_json(f->peers, host, type, (uint32_t)f->attempt, o);
	else
		peers_send(f->peers, host, type, (uint32_t)f->attempt, NULL, 0);
}

static bool post_here(void *ctx, int host)
{
	const struct fleet *f = ctx;

	return peers_here(f->peers, host);
}

void fleet_open_post(struct fleet *f)
{
	f->post = (struct post){ .layout = &f->layout,
				 .self = f->plan->hosts.self,
				 .hosts = f->plan->hosts.count,
				 .ctx = f,
				 .send = post_send,
				 .here = post_here };
}

/* One bit a machine, the lowest first, four in a hexadecimal digit. */
static void write_sees(const struct fleet *f, char *hex)
{
	int count = f->plan->hosts.count;

	*hex = '\0';
	for (int i = 0; i < count; i += 4) {
		int four = 0;

		for (int k = i; k < i + 4 && k < count; k++)
			four |= (k == f->plan->hosts.self ||
				 peers_here(f->peers, k))
				<< (k - i);
		snprintf(hex + i / 4, 2, "%x", (unsigned)four);
	}
}

/* Before its first attempt an agent says what it remembers, so that no attempt
 * gets a number that others have seen. */
static struct json *write_state(const struct fleet *f)
{
	const struct told *own = &f->members[f->plan->hosts.self].told;
	struct told t = { .state = f->state,
			  .attempt = f->attempt,
			  .restarts = f->restarts,
			  .ranks = f->ranks,
			  .over = f->over,
			  .newest = *copies_newest(f->copies) };
	unsigned forms = t.newest.step > 0 ? TOLD_COPY : 0;

	snprintf(t.job, sizeof(t.job), "%s", f->name);
	if (f->attempt < 0) { /* started anew: what is remembered */
		t.attempt = own->attempt;
		t.restarts = own->restarts;
		t.ranks = own->ranks;
		t.past = *own->job != '\0';
		memcpy(t.job, own->job, sizeof(t.job));
		forms |= TOLD_PAST;
	}
	write_sees(f, t.sees);
	return record_write(&told_record, &t, forms);
}

void fleet_tell_state_to(struct fleet *f, int host)
{
	struct json *o = write_state(f);

	f->post.send(f->post.ctx, host, WIRE_STATE, o);
	json_free(o);
}

void fleet_tell_state(struct fleet *f)
{
	struct json *o = write_state(f);
	struct fl_err err = FL_ERR_INIT;
	char path[4096];

	post_to_all(&f->post, WIRE_STATE, o);
	/* Alone nobody asks; before a start has succeeded the file of an
	 * earlier job is worth more than ours. */
	if (f->peers && f->attempt >= 0 && (f->begun || !f->spares)) {
		struct place_mark mark = { f->over, f->plan->line };

		place_fleet_file(f->options->log_dir, f->plan->hosts.self, path,
				 sizeof(path));
		record_set(&place_mark_record, &mark, 0, o);
		if (json_write(o, path, &err) != 0)
			fl_warn("%s", err.text);
	}
	json_free(o);
}

void fleet_remember(struct fleet *f)
{
	struct told *own = &f->members[f->plan->hosts.self].told;
	struct fl_err err = FL_ERR_INIT;
	struct place_mark mark;
	char path[4096];
	struct json *o;
	struct told t;

	place_fleet_file(f->options->log_dir, f->plan->hosts.self, path,
			 sizeof(path));
	o = fl_exists(path) ? json_read(path, &err) : NULL;
	record_read(&place_mark_record, o, &mark);
	if (o && !mark.over) {
		f->spares = strcmp(mark.line, f->plan->line) != 0;
		record_read(&told_record, o, &t);
		copy_name_settle(&t.newest);
	}
	if (o && !mark.over && !f->spares) {
		own->past = true;
		own->attempt = t.attempt;
		own->restarts = t.restarts;
		own->ranks = t.ranks;
		memcpy(own->job, t.job, sizeof(own->job));
		copies_recall(f->copies, own->job, &t.newest);
	}
	json_free(o);
}

void fleet_enter(struct fleet *f, enum fleet_state state)
{
	f->state = state;
	f->since = fl_now_s();
	f->rollcall =
		(struct rollcall){ .told_here = -1, .tell_every = ROLL_CALL_S };
	fleet_tell_state(f);
}

/* Told before the links close: without this word the others might take our end
 * for a loss. */
void fleet_over(struct fleet *f, int code)
{
	f->over = true;
	f->code = code;
	fleet_tell_state(f);
}

/* intro.c - the same line on every machine, or nobody begins.
 *
 * peers.c sends this machine's introduction once the other has proved to know
 * the token; fleet.c hands over the other's when it has joined.
 */
#include "launch/fleet/intro.h"

#include "base/clock.h"
#include "base/log.h"
#include "launch/fleet/state.h"
#include "launch/fleet/verdict.h"

#include <string.h>

#define SAME_SHOWN 40 /* letters before two lines differ */

static const struct field rows[] = {
	FIELD(TEXT, struct intro, line, "line"),
	FIELD(INTS, struct intro, devices, "devices",
	      .count = offsetof(struct intro, count)),
	FIELD(BOOL, struct intro, follow, "follow"),
};
const struct record intro_record = RECORD(struct intro, rows);

struct json *intro_write(const struct launch_options *o,
			 const struct launch_plan *p)
{
	struct intro intro = { .line = p->line,
			       .count = p->count,
			       .follow = o->follow != NULL };

	memcpy(intro.devices, p->devices, sizeof(intro.devices));
	return record_write(&intro_record, &intro, 0);
}

/* The two lines from where they differ, with their machines' names. */
static void add_difference(const struct fleet *fleet, int host,
			   const char *here, const char *there,
			   struct fl_str *out)
{
	size_t same = 0, from;
	const char *cut;

	while (here[same] && here[same] == there[same])
		same++;
	from = same > SAME_SHOWN ? same - SAME_SHOWN : 0;
	cut = from ? "..." : "";
	fl_str_addf(
		out,
		"typed another line than this machine:\n  %-20s %s%.200s\n  %-20s %s%.200s",
		hosts_own(&fleet->plan->hosts), cut, here + from,
		fleet_host(fleet, host), cut, there + from);
}

/* A job that runs or waits for a machine to return is not ended by one that
 * was given another line; a job that has yet to start is. */
static void disagree(struct fleet *fleet, int host, const char *line)
{
	struct fl_str text = FL_STR_INIT;

	add_difference(fleet, host, fleet->plan->line, line, &text);
	if (fleet->attempt >= 0) {
		if (!fleet->members[host].disagreed)
			fl_warn("%s %s", fleet_host(fleet, host),
				fl_str_get(&text));
		fleet->members[host].disagreed = true;
		peers_refuse(fleet->peers, host, "line",
			     "the job that runs here was given another line");
	} else {
		verdict_end(fleet, "disagree", fl_str_get(&text), FL_EMISMATCH);
	}
	fl_str_release(&text);
}

void intro_heard(struct fleet *fleet, int host, const struct json *o)
{
	struct member *m = &fleet->members[host];
	struct intro intro;

	record_read(&intro_record, o, &intro);
	m->heard = false;
	m->ready = false;
	m->since = fl_now_s();
	m->follows = intro.follow;
	m->count = intro.count;
	memcpy(m->devices, intro.devices, sizeof(m->devices));
	if (m->count == 0)
		peers_refuse(fleet->peers, host, "intro",
			     "it names no devices");
	else if (strcmp(intro.line, fleet->plan->line) != 0)
		disagree(fleet, host, intro.line);
}

/* rollcall.c - waiting for the machines of --ips, at the start and after a
 * fault: who is here, who is missing, for how long, and why.
 *
 * A roll is called on the console when somebody came or went, and otherwise
 * ever more seldom, for a machine that takes minutes to boot needs no line every
 * five seconds.
 */
#include "launch/fleet/rollcall.h"

#include "base/clock.h"
#include "base/log.h"
#include "launch/fleet/member.h"
#include "launch/fleet/prepare.h"
#include "launch/fleet/state.h"
#include "launch/fleet/verdict.h"

#include <stdio.h>
#include <string.h>

#define SHOWN 8		 /* missing machines that are named */
#define TELL_MOST_S 30.0 /* between two roll calls on the console */
#define GRACE_S 10.0	 /* for the coordinator, who may be a little behind */

/* A machine that is here but not waiting is still busy ending its trainers, or
 * runs the job without us. */
static const char *why_not(const struct fleet *f, int host)
{
	const struct member *m = &f->members[host];

	if (!peers_here(f->peers, host))
		return peers_why(f->peers, host);
	if (!m->heard)
		return "it has just come";
	if (m->told.state == FLEET_STOP)
		return "it is ending its trainers";
	return "the job runs there without this machine, which is taken in at its next start";
}

static void add_names(const struct fleet *f, const bool *who,
		      struct fl_str *out)
{
	int shown = 0, left = 0;

	for (int i = 0; i < f->plan->hosts.count; i++) {
		if (!who[i])
			continue;
		if (shown++ < 2 * SHOWN)
			fl_str_addf(out, " %s", fleet_host(f, i));
		else
			left++;
	}
	if (left)
		fl_str_addf(out, " and %d more", left);
}

static void add_missing(const struct fleet *f, const bool *who,
			struct fl_str *out)
{
	double now = fl_now_s();
	int shown = 0, left = 0;

	for (int i = 0; i < f->plan->hosts.count; i++) {
		if (who[i])
			continue;
		if (shown++ < SHOWN)
			fl_str_addf(out, "\n  %s: missing for %.0f s: %s",
				    fleet_host(f, i), now - f->members[i].since,
				    why_not(f, i));
		else
			left++;
	}
	if (left)
		fl_str_addf(out, "\n  and %d more are missing", left);
}

/* All are here, yet not all have links with each other. */
static void add_apart(const struct fleet *f, const bool *who,
		      const bool *clique, struct fl_str *out)
{
	for (int i = 0; i < f->plan->hosts.count; i++)
		if (who[i] && !clique[i])
			fl_str_addf(
				out,
				"\n  %s: here, but it has no link yet with every other machine",
				fleet_host(f, i));
}

/* On the console whenever someone came or went, and from time to time. */
static void call_roll(struct fleet *f, const bool *who, const bool *clique,
		      int here)
{
	struct rollcall *r = &f->rollcall;
	double now = fl_now_s();
	struct fl_str text = FL_STR_INIT;
	bool changed = here != r->told_here;

	if (now - f->since < 0.5 || /* let everyone say hello first */
	    now - r->told_at < (changed ? 0.5 : r->tell_every))
		return;
	r->tell_every = changed ? 5 : 2 * r->tell_every;
	if (r->tell_every > TELL_MOST_S)
		r->tell_every = TELL_MOST_S;
	r->told_at = now;
	r->told_here = here;
	fl_str_addf(&text,
		    "roll call after %.0f s: %d of %d here:", now - f->since,
		    here, f->plan->hosts.count);
	add_names(f, who, &text);
	add_missing(f, who, &text);
	if (here == f->plan->hosts.count)
		add_apart(f, who, clique, &text);
	fl_info("%s", fl_str_get(&text));
	fl_str_release(&text);
}

static bool decide(const struct fleet *f, const bool *who)
{
	for (int i = 0; i < f->plan->hosts.count; i++)
		if (who[i])
			return i == f->plan->hosts.self;
	return false;
}

static void give_up(struct fleet *f, const bool *who, int here, double limit)
{
	struct fl_str text = FL_STR_INIT;

	fl_str_addf(
		&text,
		f->attempt < 0
			? "waited %g s (--join_timeout) for every machine, and %d of %d came:"
			: "waited %g s (--rejoin_timeout) for the lost machines to return; %d of %d are here:",
		limit, here, f->plan->hosts.count);
	add_names(f, who, &text);
	add_missing(f, who, &text);
	verdict_end(f, "wait", fl_str_get(&text),
		    f->attempt < 0 ? FL_ETIMEOUT : FL_EPEER);
	fl_str_release(&text);
}

/* After a loss a side goes on if it is large enough, and no other side can be:
 * more than half of the machines, or exactly half with the first one. */
static bool may_shrink(const struct fleet *f, const bool *who, int count)
{
	int all = f->plan->hosts.count;

	if (f->attempt < 0 || f->options->min_hosts == 0 ||
	    count < f->options->min_hosts)
		return false;
	return 2 * count > all || (2 * count == all && who[0]);
}

static void shrink(struct fleet *f, bool *who, double late)
{
	struct fl_str names = FL_STR_INIT;

	if (late > GRACE_S) {
		verdict_end(
			f, "wait",
			"the machine that was to go on without the lost ones did not begin",
			FL_EPEER);
		return;
	}
	if (!decide(f, who))
		return;
	add_names(f, who, &names);
	fl_warn("going on with %s", fl_str_get(&names) + 1);
	fl_str_release(&names);
	prepare_begin(f, who);
}

void rollcall_turn(struct fleet *f)
{
	bool who[HOSTS_MAX], clique[HOSTS_MAX];
	int here = member_waiting(f, who), together;
	double waited = fl_now_s() - f->since;
	double limit = f->attempt < 0 ? f->options->join_timeout
				      : f->options->rejoin_timeout;

	together = member_clique(f, clique);
	if (together == f->plan->hosts.count) {
		if (decide(f, clique))
			prepare_begin(f, clique);
		else if (waited > limit + 3 * GRACE_S)
			give_up(f, who, here, waited);
		return;
	}
	if (f->peers)
		call_roll(f, who, clique, here);
	if (waited <= limit)
		return;
	if (may_shrink(f, clique, together) && clique[f->plan->hosts.self])
		shrink(f, clique, waited - limit);
	else
		give_up(f, who, here, limit);
}

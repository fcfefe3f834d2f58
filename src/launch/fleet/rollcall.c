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
static const char *why_not(const struct fleet *fleet, int host)
{
	const struct member *m = &fleet->members[host];

	if (!peers_here(fleet->peers, host))
		return peers_why(fleet->peers, host);
	if (!m->heard)
		return "it has just come";
	if (m->told.state == FLEET_STOP)
		return "it is ending its trainers";
	return "the job runs there without this machine, which is taken in at its next start";
}

/* Up to twice as many as of the missing: these need no line of their own. */
static void add_names(const struct fleet *fleet, const bool *who,
		      struct fl_str *out)
{
	int shown = 0, left = 0;

	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		if (!who[i])
			continue;
		if (shown++ < 2 * SHOWN)
			fl_str_addf(out, " %s", fleet_host(fleet, i));
		else
			left++;
	}
	if (left)
		fl_str_addf(out, " and %d more", left);
}

static void add_missing(const struct fleet *fleet, const bool *who,
			struct fl_str *out)
{
	double now = fl_now_s();
	int shown = 0, left = 0;

	for (int i = 0; i < fleet->plan->hosts.count; i++) {
		if (who[i])
			continue;
		if (shown++ < SHOWN)
			fl_str_addf(out, "\n  %s: missing for %.0f s: %s",
				    fleet_host(fleet, i),
				    now - fleet->members[i].since,
				    why_not(fleet, i));
		else
			left++;
	}
	if (left)
		fl_str_addf(out, "\n  and %d more are missing", left);
}

/* All are here, yet not all have links with each other. */
static void add_apart(const struct fleet *fleet, const bool *who,
		      const bool *clique, struct fl_str *out)
{
	for (int i = 0; i < fleet->plan->hosts.count; i++)
		if (who[i] && !clique[i])
			fl_str_addf(
				out,
				"\n  %s: here, but it has no link yet with every other machine",
				fleet_host(fleet, i));
}

/* On the console whenever someone came or went, and from time to time. */
static void call_roll(struct fleet *fleet, const bool *who, const bool *clique,
		      int here)
{
	struct rollcall *r = &fleet->rollcall;
	double now = fl_now_s();
	struct fl_str text = FL_STR_INIT;
	bool changed = here != r->told_here;

	if (now - fleet->since < 0.5 || /* let everyone say hello first */
	    now - r->told_at < (changed ? 0.5 : r->tell_every))
		return;
	r->tell_every = changed ? 5 : 2 * r->tell_every;
	if (r->tell_every > TELL_MOST_S)
		r->tell_every = TELL_MOST_S;
	r->told_at = now;
	r->told_here = here;
	fl_str_addf(&text, "roll call after %.0f s: %d of %d here:",
		    now - fleet->since, here, fleet->plan->hosts.count);
	add_names(fleet, who, &text);
	add_missing(fleet, who, &text);
	if (here == fleet->plan->hosts.count)
		add_apart(fleet, who, clique, &text);
	fl_info("%s", fl_str_get(&text));
	fl_str_release(&text);
}

/* Is it this machine that leads? The first of those that take part, as they
 * will be seated: there is no layout yet that post_decides() could ask. */
static bool decide(const struct fleet *fleet, const bool *who)
{
	for (int i = 0; i < fleet->plan->hosts.count; i++)
		if (who[i])
			return i == fleet->plan->hosts.self;
	return false;
}

/* At the start a time-out (6); after a loss the machine is lost for good
 * (5). */
static void give_up(struct fleet *fleet, const bool *who, int here,
		    double limit)
{
	struct fl_str text = FL_STR_INIT;

	fl_str_addf(
		&text,
		fleet->attempt < 0
			? "waited %g s (--join_timeout) for every machine, and %d of %d came:"
			: "waited %g s (--rejoin_timeout) for the lost machines to return; %d of %d are here:",
		limit, here, fleet->plan->hosts.count);
	add_names(fleet, who, &text);
	add_missing(fleet, who, &text);
	verdict_end(fleet, "wait", fl_str_get(&text),
		    fleet->attempt < 0 ? FL_ETIMEOUT : FL_EPEER);
	fl_str_release(&text);
}

/* After a loss a side goes on if it is large enough, and no other side can be:
 * more than half of the machines, or exactly half with the first one. */
static bool may_shrink(const struct fleet *fleet, const bool *who, int count)
{
	int all = fleet->plan->hosts.count;

	if (fleet->attempt < 0 || fleet->options->min_hosts == 0 ||
	    count < fleet->options->min_hosts)
		return false;
	return 2 * count > all || (2 * count == all && who[0]);
}

/* Everyone here sees the same machines and knows who is to begin: that one
 * does, and the others wait for its PREPARE, but not for ever. */
static void shrink(struct fleet *fleet, bool *who, double late)
{
	struct fl_str names = FL_STR_INIT;

	if (late > GRACE_S) {
		verdict_end(
			fleet, "wait",
			"the machine that was to go on without the lost ones did not begin",
			FL_EPEER);
		return;
	}
	if (!decide(fleet, who))
		return;
	add_names(fleet, who, &names);
	fl_warn("going on with %s", fl_str_get(&names) + 1);
	fl_str_release(&names);
	prepare_begin(fleet, who);
}

void rollcall_turn(struct fleet *fleet)
{
	bool who[HOSTS_MAX], clique[HOSTS_MAX];
	int here = member_waiting(fleet, who), together;
	double waited = fl_now_s() - fleet->since;
	double limit = fleet->attempt < 0 ? fleet->options->join_timeout
					  : fleet->options->rejoin_timeout;

	together = member_clique(fleet, clique);
	if (together == fleet->plan->hosts.count) {
		if (decide(fleet, clique))
			prepare_begin(fleet, clique);
		/* All are here, yet the one that is to begin does not. */
		else if (waited > limit + 3 * GRACE_S)
			give_up(fleet, who, here, waited);
		return;
	}
	if (fleet->peers)
		call_roll(fleet, who, clique, here);
	if (waited <= limit)
		return;
	if (may_shrink(fleet, clique, together) &&
	    clique[fleet->plan->hosts.self])
		shrink(fleet, clique, waited - limit);
	else
		give_up(fleet, who, here, limit);
}

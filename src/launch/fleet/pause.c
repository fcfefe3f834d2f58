/* pause.c - Ctrl-Z: the whole job stands still, and goes on with fg.
 *
 * A terminal stops the process group in front, which is fleetrun's; trainers
 * have groups of their own. So fleetrun stops its trainers, tells the other
 * machines to do the same, and stops itself. The others wait for it as long as
 * it takes: a machine that said so is neither lost nor stalled.
 */
#include "launch/fleet/user.h"

#include "base/log.h"
#include "launch/fleet/state.h"

#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static const struct field rows[] = {
	FIELD(BOOL, struct pause, paused, "paused"),
};
const struct record pause_record = RECORD(struct pause, rows);

static bool is_paused(const struct fleet *fleet)
{
	for (int i = 0; i < fleet->plan->hosts.count; i++)
		if (fleet->members[i].paused)
			return true;
	return false;
}

/* Those of this machine, as the job is now. */
static void settle(struct fleet *fleet)
{
	bool paused = is_paused(fleet);

	if (paused == fleet->job.paused)
		return;
	job_pause(&fleet->job, paused);
	if (!paused && fleet->state == FLEET_RUN)
		watches_again(&fleet->watches);
}

static void tell(struct fleet *fleet, bool paused)
{
	struct json *o =
		record_write(&pause_record, &(struct pause){ paused }, 0);

	post_to_all(&fleet->post, WIRE_PAUSE, o);
	peers_flush(fleet->peers);
	json_free(o);
}

/* As the terminal would: the system knows when nobody could wake us (no shell
 * with job control above), and then we go on at once. */
static void stand_still(void)
{
	sigset_t stop;

	sigemptyset(&stop);
	sigaddset(&stop, SIGTSTP);
	raise(SIGTSTP);
	sigprocmask(SIG_UNBLOCK, &stop, NULL); /* here it takes effect */
	sigprocmask(SIG_BLOCK, &stop, NULL);
}

void pause_here(struct fleet *fleet)
{
	struct member *own = &fleet->members[fleet->plan->hosts.self];

	if (fleet->over || fleet->request.signal)
		return;
	fl_info("paused%s: 'fg' in this shell or kill -CONT %ld goes on",
		fleet->peers ? " on all machines" : "", (long)getpid());
	own->paused = true;
	settle(fleet);
	tell(fleet, true);
	stand_still();
	own->paused = false;
	settle(fleet);
	tell(fleet, false);
	fl_info("going on");
}

void pause_heard(struct fleet *fleet, int host, const struct json *o)
{
	struct member *m = &fleet->members[host];
	struct pause p;

	record_read(&pause_record, o, &p);
	if (p.paused == m->paused)
		return;
	m->paused = p.paused;
	peers_wait_for(fleet->peers, host, p.paused);
	fl_info("%s %s", fleet_host(fleet, host),
		p.paused
			? "is paused, and so are all trainers, until it goes on"
			: "goes on");
	settle(fleet);
}

void pause_left(struct fleet *fleet, int host)
{
	fleet->members[host].paused = false;
	peers_wait_for(fleet->peers, host, false);
	settle(fleet);
}

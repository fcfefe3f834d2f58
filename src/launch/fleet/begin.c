/* begin.c - when a start has succeeded, and what may go then.
 *
 * fleet.c asks at each turn of a run until it has.
 */
#include "launch/fleet/fleet_priv.h"

#include "base/clock.h"
#include "launch/job/place.h"

#define FOREIGN_S 10.0

/* The first step is done; a program that counts none has run for a while, or to
 * its end. Only now does what earlier jobs left give way. */
void begin_turn(struct fleet *f)
{
	bool done = f->job.working == 0 ||
		    (!f->plan->trains && fl_now_s() - f->since > FOREIGN_S);

	for (int i = 0; i < f->job.started && !done; i++)
		done = atomic_load(&f->job.trainers[i].status->steps) > 0;
	if (!done)
		return;
	f->begun = true;
	place_forget(f->options->log_dir);
	copies_begin(f->copies);
	fleet_tell_state(f);
}

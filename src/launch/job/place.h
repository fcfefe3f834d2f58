/* place.h - the log folder of this job, which it has to itself.
 *
 * Logs, copies of checkpoints, fault and fleet files of two jobs in one folder
 * would be taken for each other's. So fleetrun takes the folder (base/owner.h),
 * and where another job lives there, a folder below it: <log_dir>/job.2, ...
 * The agents of one job on several machines may share a folder.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_PLACE_H
#define FL_LAUNCH_PLACE_H

#include "base/owner.h"
#include "launch/plan/plan.h"
#include "text/record.h"

struct place {
	char folder[4000]; /* leaves room for names in it */
	struct fl_owner owner;
};

/* Makes the folder and says a line where it is not log_dir itself. A folder or
 * a log of somebody else's that cannot be written is an error that says whose
 * it is. */
int place_open(struct place *p, const char *log_dir,
	       const struct launch_plan *plan, struct fl_err *err);
void place_close(struct place *p);

/* By what the fleet file of a job is known. The rest of it is fleet/state.c's. */
struct place_mark {
	bool over;	  /* it ended; a file that does not say so is no use */
	const char *line; /* the command line of the job */
};

extern const struct record place_mark_record;

/* The file in which the machine with this index keeps what a job is at. */
void place_fleet_file(const char *folder, int index, char *buf, size_t size);

/* The log of an earlier job is kept beside the new one, as <name>.before, until
 * a start has succeeded; see trainer.h. */
#define PLACE_BEFORE ".before"
/* A start has succeeded: what an earlier job left in the log folder goes. */
void place_forget(const char *folder);

#endif

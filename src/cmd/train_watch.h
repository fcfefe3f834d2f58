/* train_watch.h - who is told of a training: the agent, and the outputs of the
 * run (report/sink.h) in its folder.
 *
 * Ownership: recipe, comm and dir are borrowed for as long as the run takes.
 * Threads: the training thread.
 */
#ifndef FL_CMD_TRAIN_WATCH_H
#define FL_CMD_TRAIN_WATCH_H

#include "cmd/train_pace.h"
#include "report/run_dir.h"
#include "report/sinks.h"
#include "train/loop.h"

struct train_watch {
	const struct recipe *recipe;
	const struct comm *comm;
	struct run_dir *dir; /* rank 0's business */
	bool again;	     /* this job was started before */
	int restarts;
	struct sinks *sinks; /* NULL: nothing is written yet */
	char *versions;	     /* of this program, for the outputs */
	struct train_pace pace;
};

/* The callbacks of a training, and of steps for the clock, which write nothing.
 * ctx is w. */
struct train_events train_watch_events(struct train_watch *w);
struct train_events train_watch_timing(struct train_watch *w);

/* The run ended with rc: its summary is written where it has a folder, and the
 * outputs close. Returns rc, or why the summary could not be written. */
int train_watch_end(struct train_watch *w, const struct train_summary *summary,
		    double seconds, int rc, struct fl_err *err);

#endif

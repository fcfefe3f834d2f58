/* room.h - what a machine has left of disk, shared memory and open files, and
 * whether it is enough for a job.
 *
 * Ownership: none. Threads: any; nothing is shared.
 */
#ifndef FL_LAUNCH_ROOM_H
#define FL_LAUNCH_ROOM_H

#include "base/str.h"
#include "launch/plan/plan.h"
#include "text/record.h"

#include <stdint.h>

struct room {
	int64_t disk, shm; /* free bytes; -1: unknown */
	int64_t files;	   /* files a process may have open; -1: no limit */
};

extern const struct record room_record;

/* What a job asks of each machine. */
struct room_need {
	int64_t disk, shm, files;
};

/* Free bytes for this user where path lies or is to be made; -1: unknown. */
int64_t room_free(const char *path);
struct room room_here(const char *log_dir);
/* For so many machines, trainers of all and of this machine. */
struct room_need room_need_of(int machines, int world, int local);
/* A sentence for each that is too low, with the bound and what to do, appended
 * line by line; returns how many. */
int room_judge(const struct room *have, const struct room_need *need,
	       const char *host, const char *log_dir, struct fl_str *out);

/* Before anything starts: may this machine's share of the job have as many
 * processes and threads as it needs for its first step? */
int room_for_processes(const struct launch_plan *plan, struct fl_err *err);

#endif

/* open_files.c - see open_files.h. job.c raises the limit as it opens, each
 * trainer's child takes it back. A trainer costs its output, its two links, its
 * log, and two descriptors of PMIx; a machine a link, and one while it greets. */
#include "launch/job/open_files.h"

#include <stdbool.h>
#include <stdio.h>
#include <sys/resource.h>

#define FIXED 64 /* the agent's and its libraries' own, with room to spare */
#define EACH_TRAINER 8
#define EACH_MACHINE 2

static struct rlimit given;
static bool known;

int open_files_raise(int machines, int trainers, struct fl_err *err)
{
	rlim_t need = (rlim_t)(FIXED + EACH_TRAINER * trainers +
			       EACH_MACHINE * machines);
	struct rlimit most;

	if (!known && getrlimit(RLIMIT_NOFILE, &given) != 0)
		return 0;
	known = true;
	most = given;
	most.rlim_cur = most.rlim_max;
	/* A filter may forbid it: then what was given has to do. */
	if (setrlimit(RLIMIT_NOFILE, &most) != 0)
		most.rlim_cur = given.rlim_cur;
	if (most.rlim_cur >= need)
		return 0;
	return fl_fail(
		err, FL_EIO,
		"%d trainers and %d machine%s need %llu open files, and "
		"this process may have %llu: raise the hard limit (ulimit "
		"-Hn, LimitNOFILE= of the unit), or start fewer trainers",
		trainers, machines, machines == 1 ? "" : "s",
		(unsigned long long)need, (unsigned long long)most.rlim_cur);
}

int64_t open_files_given(void)
{
	struct rlimit now;

	if (!known && getrlimit(RLIMIT_NOFILE, &now) == 0)
		return now.rlim_cur == RLIM_INFINITY ? -1
						     : (int64_t)now.rlim_cur;
	return !known || given.rlim_cur == RLIM_INFINITY
		       ? -1
		       : (int64_t)given.rlim_cur;
}

void open_files_restore(void)
{
	if (known)
		setrlimit(RLIMIT_NOFILE, &given);
}

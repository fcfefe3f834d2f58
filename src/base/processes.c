/* processes.c - called before fleetrun and flotilla start what they need, and
 * for the sentence when a thread could not be started. Threads count as
 * processes everywhere here. */
#include "base/processes.h"

#include "base/cgroup.h"
#include "base/str.h"

#include <dirent.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

/* The nearest of the limits so far; why: its words, in a buffer of
 * the caller. */
struct least {
	int64_t left;
	char *why;
	size_t size;
};

static bool read_number(const char *folder, const char *name, int64_t *out)
{
	char path[4480];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	good = f && fscanf(f, "%" SCNd64, out) == 1;
	if (f)
		fclose(f);
	return good;
}

static void take(struct least *l, const char *who, int64_t most, int64_t now)
{
	int64_t left = most > now ? most - now : 0;

	if (left >= l->left)
		return;
	l->left = left;
	snprintf(l->why, l->size,
		 "%s allows %" PRId64 " processes and threads, %" PRId64
		 " are there",
		 who, most, now);
}

/* "max" is no number and so no limit; the files are the same in both versions.
 * Every group on the way up has to allow it. */
static bool look_at_group(void *ctx, const char *folder)
{
	int64_t most, now;

	if (read_number(folder, "pids.max", &most) &&
	    read_number(folder, "pids.current", &now))
		take(ctx, "the control group (--pids-limit)", most, now);
	return false;
}

/* Threads of all processes of this user that can be seen: RLIMIT_NPROC counts
 * them by the real user, the first number of "Uid:". Those in other containers
 * count for the kernel too, so the answer may be too low. */
static int64_t threads_of_user(void)
{
	DIR *d = opendir("/proc");
	struct dirent *entry;
	int64_t sum = 0;

	while (d && (entry = readdir(d)) != NULL) {
		char path[300], line[256];
		long uid = -1, threads = 0;
		FILE *f;

		if (*entry->d_name < '1' || *entry->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%s/status", entry->d_name);
		f = fopen(path, "re");
		while (f && fgets(line, sizeof(line), f))
			if (fl_starts_with(line, "Uid:"))
				sscanf(line, "Uid: %ld", &uid);
			else if (fl_starts_with(line, "Threads:"))
				sscanf(line, "Threads: %ld", &threads);
		if (f)
			fclose(f);
		if (uid == (long)getuid())
			sum += threads;
	}
	if (d)
		closedir(d);
	return sum;
}

int64_t fl_processes_left_in(const char *list, const char *mount, char *why,
			     size_t size)
{
	struct least l = { INT64_MAX, why, size };

	*why = '\0';
	fl_cgroups_in(list, mount, "pids", look_at_group, &l);
	return l.left;
}

static int64_t processes_left(char *why, size_t size)
{
	struct least l = { INT64_MAX, why, size };
	struct rlimit most;

	l.left = fl_processes_left_in("/proc/self/cgroup", "/sys/fs/cgroup",
				      why, size);
	/* The kernel does not hold root to it. */
	if (getuid() != 0 && getrlimit(RLIMIT_NPROC, &most) == 0 &&
	    most.rlim_cur != RLIM_INFINITY)
		take(&l, "the user's limit (ulimit -u)", (int64_t)most.rlim_cur,
		     threads_of_user());
	return l.left;
}

int fl_processes_check(int64_t need, const char *who, struct fl_err *err)
{
	char why[256];
	int64_t left = processes_left(why, sizeof(why));

	if (left >= need)
		return 0;
	return fl_fail(
		err, FL_EUSAGE,
		"%" PRId64 " more processes and threads may be started "
		"here (%s), %s needs %" PRId64
		" at least; raise that limit, or use fewer trainers or threads (OMP_NUM_THREADS)",
		left, why, who, need);
}

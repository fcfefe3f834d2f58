/* cores.c - called by whoever decides how many threads there are: the parallel
 * loop, the loader, fleetrun for its trainers.
 * The mask is noted before libgomp binds the first thread by OMP_PROC_BIND:
 * read later it would show one core, and all loader threads sat on that one. */
#include "base/cores.h"

#include "base/cgroup.h"

#include <errno.h>
#include <math.h>
#include <sched.h>
#include <stdbool.h>
#include <stdio.h>

#define MOST_CORES (1 << 16) /* the kernel refuses masks that are too short */

/* Bits of the mask, one for each core that the kernel could have. A mask
 * that is shorter than the kernel's own is refused with EINVAL, so its
 * size is doubled until it is taken. */
static struct {
	unsigned long bits[MOST_CORES / (8 * sizeof(unsigned long))];
	size_t size; /* 0: not known */
} given;

/* The mask as the process was given it. */
static void look_at_mask(void)
{
	for (size_t size = sizeof(cpu_set_t); size <= sizeof(given.bits);
	     size *= 2) {
		if (sched_getaffinity(0, size, (cpu_set_t *)given.bits) == 0) {
			given.size = size;
			return;
		}
		if (errno != EINVAL)
			return;
	}
}

#ifdef __GLIBC__
/* Before libraries begin: libgomp then binds the thread that runs main. */
__attribute__((section(".preinit_array"),
	       used)) static void (*const look_early)(void) = look_at_mask;
#endif

static int in_mask(void)
{
	if (given.size == 0)
		look_at_mask();
	return given.size ? CPU_COUNT_S(given.size, (cpu_set_t *)given.bits)
			  : 1;
}

/* Where the mask was not read before main (another libc than glibc) it may be
 * the bound one: then nothing is changed. */
void fl_cores_all(void)
{
	if (given.size)
		sched_setaffinity(0, given.size, (cpu_set_t *)given.bits);
}

static bool read_text(const char *folder, const char *name, char *buf, int size)
{
	char path[4480];
	FILE *f;
	bool good;

	snprintf(path, sizeof(path), "%s/%s", folder, name);
	f = fopen(path, "re");
	good = f && fgets(buf, size, f);
	if (f)
		fclose(f);
	return good;
}

/* "max 100000" or "50000 100000" in the second version of control groups, two
 * files with microseconds in the first; -1 there, and a text that is no number
 * here, mean no limit. Adds to *ctx, a double with the fewest cores so far. */
static bool look_at_group(void *ctx, const char *folder)
{
	double quota = 0, period = 0, *least = ctx;
	char text[128];

	if (read_text(folder, "cpu.max", text, sizeof(text))) {
		if (sscanf(text, "%lf %lf", &quota, &period) != 2)
			return false;
	} else {
		if (!read_text(folder, "cpu.cfs_quota_us", text,
			       sizeof(text)) ||
		    sscanf(text, "%lf", &quota) != 1 ||
		    !read_text(folder, "cpu.cfs_period_us", text,
			       sizeof(text)) ||
		    sscanf(text, "%lf", &period) != 1)
			return false;
	}
	if (quota > 0 && period > 0 && (*least <= 0 || quota / period < *least))
		*least = quota / period;
	return false; /* those above may allow less */
}

double fl_cores_quota(const char *list, const char *mount)
{
	double least = 0;

	fl_cgroups_in(list, mount, "cpu", look_at_group, &least);
	return least;
}

int fl_cores(void)
{
	double quota = fl_cores_quota("/proc/self/cgroup", "/sys/fs/cgroup");
	int cores = in_mask();

	/* Rounded up: 1.5 cores keep two threads busy for three quarters of the
	 * time; with one thread half a core would be idle. */
	if (quota > 0 && ceil(quota) < cores)
		cores = (int)ceil(quota);
	return cores > 0 ? cores : 1;
}

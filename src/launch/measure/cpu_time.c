/* cpu_time.c - /proc/<pid>/schedstat and the cpu.stat of its control group.
 * watch/ledger.c reads both every --ledger steps. Where a kernel counts neither,
 * the straggler's cause is found without them.
 */
#include "launch/measure/cpu_time.h"

#include "base/cgroup.h"

#include <stdbool.h>
#include <stdio.h>

static void read_scheduler(pid_t pid, struct cpu_time *out)
{
	unsigned long long on = 0, waited = 0;
	char path[64];
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	file = fopen(path, "re");
	if (file && fscanf(file, "%llu %llu", &on, &waited) == 2) {
		out->on_core = 1e-9 * (double)on;
		out->for_core = 1e-9 * (double)waited;
	}
	if (file)
		fclose(file);
}

/* The group's cpu.stat: microseconds in the second version of control groups,
 * nanoseconds in the first. */
static bool read_stat(void *throttled, const char *folder)
{
	char path[4224], line[128];
	double *seconds = throttled;
	bool found = false;
	FILE *file;

	snprintf(path, sizeof(path), "%s/cpu.stat", folder);
	file = fopen(path, "re");
	while (file && fgets(line, sizeof(line), file)) {
		unsigned long long v;

		if (sscanf(line, "throttled_usec %llu", &v) == 1) {
			*seconds = 1e-6 * (double)v;
			found = true;
		} else if (sscanf(line, "throttled_time %llu", &v) == 1) {
			*seconds = 1e-9 * (double)v;
			found = true;
		}
	}
	if (file)
		fclose(file);
	return found;
}

void cpu_time_read(pid_t pid, struct cpu_time *out)
{
	*out = (struct cpu_time){ 0 };
	read_scheduler(pid, out);
	fl_cgroups(pid, "cpu", read_stat, &out->throttled);
}

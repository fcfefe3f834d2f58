#include "launch/cpu_time.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static void read_scheduler(pid_t pid, struct cpu_time *out)
{
	unsigned long long on = 0, waited = 0;
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/schedstat", (int)pid);
	f = fopen(path, "re");
	if (f && fscanf(f, "%llu %llu", &on, &waited) == 2) {
		out->on_core = 1e-9 * (double)on;
		out->for_core = 1e-9 * (double)waited;
	}
	if (f)
		fclose(f);
}

/* The group's cpu.stat: microseconds in the second version of control groups,
 * nanoseconds in the first. */
static bool read_stat(const char *folder, const char *group, double *throttled)
{
	char path[1024], line[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s/cpu.stat", folder, group);
	f = fopen(path, "re");
	while (f && fgets(line, sizeof(line), f)) {
		unsigned long long v;

		if (sscanf(line, "throttled_usec %llu", &v) == 1) {
			*throttled = 1e-6 * (double)v;
			found = true;
		} else if (sscanf(line, "throttled_time %llu", &v) == 1) {
			*throttled = 1e-9 * (double)v;
			found = true;
		}
	}
	if (f)
		fclose(f);
	return found;
}

/* Lines are "0::/path" (second version) or "4:cpu,cpuacct:/path" (first). */
static bool is_cpu(const char *controllers, size_t n)
{
	for (size_t at = 0; at < n;) {
		size_t m = strcspn(controllers + at, ",:");

		if (m == 3 && memcmp(controllers + at, "cpu", 3) == 0)
			return true;
		at += m + 1;
	}
	return false;
}

static void read_group(pid_t pid, struct cpu_time *out)
{
	char path[64], line[1024], folder[128];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f)) {
		char *controllers = strchr(line, ':'), *group;

		line[strcspn(line, "\n")] = '\0';
		group = controllers ? strchr(controllers + 1, ':') : NULL;
		if (!group)
			continue;
		controllers++;
		if (group == controllers) {
			found = read_stat("/sys/fs/cgroup", group + 1,
					  &out->throttled);
		} else if (is_cpu(controllers, (size_t)(group - controllers))) {
			snprintf(folder, sizeof(folder), "/sys/fs/cgroup/%.*s",
				 (int)(group - controllers), controllers);
			found = read_stat(folder, group + 1, &out->throttled);
		}
	}
	if (f)
		fclose(f);
}

void cpu_time_read(pid_t pid, struct cpu_time *out)
{
	*out = (struct cpu_time){ 0 };
	read_scheduler(pid, out);
	read_group(pid, out);
}

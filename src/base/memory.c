#include "base/memory.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* The number in a file of a control group; "max" and no file: no limit. */
static int64_t read_number(const char *root, const char *group,
			   const char *name)
{
	char path[4352];
	int64_t v;
	FILE *f;

	snprintf(path, sizeof(path), "%s%s/%s", root, group, name);
	f = fopen(path, "re");
	if (!f)
		return INT64_MAX;
	if (fscanf(f, "%" SCNd64, &v) != 1)
		v = INT64_MAX;
	fclose(f);
	return v;
}

static int64_t left_of(int64_t limit, int64_t used)
{
	if (limit == INT64_MAX || used == INT64_MAX)
		return INT64_MAX;
	return limit > used ? limit - used : 0;
}

/* line: "4:memory:/group" of version 1, "0::/group" of version 2. */
static int64_t left_in_group(char *line)
{
	char *controllers = strchr(line, ':'), *group;

	line[strcspn(line, "\n")] = '\0';
	group = controllers ? strchr(controllers + 1, ':') : NULL;
	if (!group)
		return INT64_MAX;
	*group++ = '\0';
	if (controllers[1] == '\0')
		return left_of(
			read_number("/sys/fs/cgroup", group, "memory.max"),
			read_number("/sys/fs/cgroup", group, "memory.current"));
	if (strcmp(controllers + 1, "memory") != 0)
		return INT64_MAX;
	return left_of(read_number("/sys/fs/cgroup/memory", group,
				   "memory.limit_in_bytes"),
		       read_number("/sys/fs/cgroup/memory", group,
				   "memory.usage_in_bytes"));
}

static int64_t left_on_machine(const char *line)
{
	int64_t kib;

	return sscanf(line, "MemAvailable: %" SCNd64, &kib) == 1 ? kib * 1024
								 : INT64_MAX;
}

int64_t fl_memory_free(void)
{
	static const char *const files[] = { "/proc/meminfo",
					     "/proc/self/cgroup" };
	int64_t least = INT64_MAX;

	for (int i = 0; i < 2; i++) {
		FILE *f = fopen(files[i], "re");
		char line[4096];

		while (f && fgets(line, sizeof(line), f)) {
			int64_t v = i == 0 ? left_on_machine(line)
					   : left_in_group(line);

			least = v < least ? v : least;
		}
		if (f)
			fclose(f);
	}
	return least;
}

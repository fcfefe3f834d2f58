#include "base/cgroup.h"

#include <stdio.h>
#include <string.h>

/* list: "cpu,cpuacct" */
static bool holds(const char *list, const char *name)
{
	size_t n = strlen(name);

	while (*list) {
		size_t m = strcspn(list, ",");

		if (m == n && memcmp(list, name, n) == 0)
			return true;
		list += m + (list[m] == ',');
	}
	return false;
}

/* False: the line is of other controllers. */
static bool folder_of(char *line, const char *controller, char *folder,
		      size_t size)
{
	char *list = strchr(line, ':'), *group;

	line[strcspn(line, "\n")] = '\0';
	group = list ? strchr(++list, ':') : NULL;
	if (!group)
		return false;
	*group++ = '\0';
	if (*list && !holds(list, controller))
		return false;
	snprintf(folder, size, "/sys/fs/cgroup%s%s%s", *list ? "/" : "", list,
		 group);
	return true;
}

void fl_cgroups(pid_t pid, const char *controller,
		bool (*look)(void *ctx, const char *folder), void *ctx)
{
	char path[64], line[4096], folder[4160];
	bool found = false;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	f = fopen(path, "re");
	while (f && !found && fgets(line, sizeof(line), f))
		if (folder_of(line, controller, folder, sizeof(folder)))
			found = look(ctx, folder);
	if (f)
		fclose(f);
}

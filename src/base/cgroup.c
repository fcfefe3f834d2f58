/* cgroup.c - called wherever a limit of the container counts:
 * memory, processor time, processes.
 * Nothing is kept between calls: a process may be moved to another group while
 * it runs, and tests pass a list and folders of their own. What cannot be read
 * is passed over, since a system without control groups has no limits. */
#include "base/cgroup.h"

#include <stdio.h>
#include <string.h>

/* Is the controller one of a list such as "cpu,cpuacct"? As a
 * whole word: "cpu" is not "cpuset". */
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

/* Where the controller's folders begin, and the path below it; false: the line
 * is of other controllers. */
static bool split(char *line, const char *mount, const char *controller,
		  char *root, size_t size, const char **group)
{
	char *list = strchr(line, ':'), *path;

	line[strcspn(line, "\n")] = '\0';
	path = list ? strchr(++list, ':') : NULL;
	if (!path)
		return false;
	*path++ = '\0';
	/* The list of the second version is empty and
	 * stands for all controllers. */
	if (*list && !holds(list, controller))
		return false;
	snprintf(root, size, "%s%s%s", mount, *list ? "/" : "", list);
	/* A group outside this namespace is shown as "/../..": above what this
	 * process may see, so only the root is looked at. */
	*group = strncmp(path, "/..", 3) == 0 ? "" : path;
	return true;
}

/* The folder itself, then those above it, down to the root's name. Folders that
 * are not mounted are named too: look finds no file there. 4352 is PATH_MAX,
 * for the group, and 256 for the root. True: look has found what it wanted. */
static bool climb(const char *root, const char *group, fl_cgroup_fn *look,
		  void *ctx)
{
	char folder[4352];
	size_t least = strlen(root), n;

	snprintf(folder, sizeof(folder), "%s%s", root, group);
	n = strlen(folder);
	/* The group "/" alone would name the root twice. */
	while (n > least && folder[n - 1] == '/')
		folder[--n] = '\0';
	while (!look(ctx, folder)) {
		if (n <= least)
			return false;
		while (n > least && folder[n] != '/')
			n--;
		folder[n] = '\0';
	}
	return true;
}

void fl_cgroups_in(const char *list, const char *mount, const char *controller,
		   fl_cgroup_fn *look, void *ctx)
{
	char line[4096], root[256];
	const char *group;
	bool found = false;
	FILE *f = fopen(list, "re");

	while (f && !found && fgets(line, sizeof(line), f))
		if (split(line, mount, controller, root, sizeof(root), &group))
			found = climb(root, group, look, ctx);
	if (f)
		fclose(f);
}

void fl_cgroups(pid_t pid, const char *controller, fl_cgroup_fn *look,
		void *ctx)
{
	char list[64];

	snprintf(list, sizeof(list), "/proc/%d/cgroup", (int)pid);
	fl_cgroups_in(list, "/sys/fs/cgroup", controller, look, ctx);
}

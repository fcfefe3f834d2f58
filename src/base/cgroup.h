/* cgroup.h - where the system keeps the control groups of a process.
 *
 * Lines of /proc/<pid>/cgroup are "0::/path" (second version, one folder for
 * all) or "4:cpu,cpuacct:/path" (first, a folder for each set of controllers).
 * A limit of any folder on the way up holds as well. In a container the path
 * may be the machine's, while only the container's own part is mounted: then
 * just the upmost folder is there.
 * Threads: any.
 */
#ifndef FL_BASE_CGROUP_H
#define FL_BASE_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

typedef bool fl_cgroup_fn(void *ctx, const char *folder);

/* Calls look with each folder that may hold files of the controller ("cpu",
 * "memory", "pids"), from the process's own upwards, until it says true. */
void fl_cgroups(pid_t pid, const char *controller, fl_cgroup_fn *look,
		void *ctx);
/* The same for any list of that form and any place of the folders. */
void fl_cgroups_in(const char *list, const char *mount, const char *controller,
		   fl_cgroup_fn *look, void *ctx);

#endif

/* cgroup.h - where the system keeps the control groups of a process.
 *
 * Lines of /proc/<pid>/cgroup are "0::/path" (second version, one folder for
 * all) or "4:cpu,cpuacct:/path" (first, a folder for each set of controllers).
 * Threads: any.
 */
#ifndef FL_BASE_CGROUP_H
#define FL_BASE_CGROUP_H

#include <stdbool.h>
#include <sys/types.h>

/* Calls look with each folder that may hold files of the controller ("cpu",
 * "memory"), until it says true. */
void fl_cgroups(pid_t pid, const char *controller,
		bool (*look)(void *ctx, const char *folder), void *ctx);

#endif

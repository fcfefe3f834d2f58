/* processes.h - how many more processes and threads this one may start.
 *
 * Threads: any.
 */
#ifndef FL_BASE_PROCESSES_H
#define FL_BASE_PROCESSES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* The least that the control groups (docker --pids-limit, Kubernetes), the
 * user's limit (ulimit -u, which root has not) and the system leave; INT64_MAX:
 * no limit. why: which one it is, for a sentence: "the control group allows 6
 * processes and threads, 4 are there". */
int64_t fl_processes_left(char *why, size_t size);
/* Fails where fewer than need are left; who: "this job", for the sentence. */
int fl_processes_check(int64_t need, const char *who, struct fl_err *err);
/* As fl_processes_left, for the control groups of a list as /proc/<pid>/cgroup and the
 * folders of it below mount. */
int64_t fl_processes_left_in(const char *list, const char *mount, char *why,
			     size_t size);

#endif

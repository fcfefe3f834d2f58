/* processes.h - how many more processes and threads this one may start.
 *
 * Threads: any.
 */
#ifndef FL_BASE_PROCESSES_H
#define FL_BASE_PROCESSES_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Fails where fewer than need are left of the least that the control groups
 * (docker --pids-limit, Kubernetes), the user's limit (ulimit -u, which root has
 * not) and the system leave; who: "this job", for the sentence. */
int fl_processes_check(int64_t need, const char *who, struct fl_err *err);
/* What the control groups leave, of a list as /proc/<pid>/cgroup and the folders of
 * it below mount; INT64_MAX: no limit. why: which one it is, for a sentence: "the
 * control group allows 6 processes and threads, 4 are there". Tests call it too. */
int64_t fl_processes_left_in(const char *list, const char *mount, char *why,
			     size_t size);

#endif

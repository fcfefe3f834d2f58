/* cores.h - how many cores this process may keep busy.
 *
 * Threads: any.
 */
#ifndef FL_BASE_CORES_H
#define FL_BASE_CORES_H

/* The least of the cores in the affinity mask (taskset, cpusets, Slurm) and the
 * share of processor time that the control groups allow, rounded up (docker
 * --cpus, Kubernetes limits.cpu); at least 1. More threads than that are
 * stopped for most of each period: 4 times slower was measured. */
int fl_cores(void);
/* The calling thread may run on all cores that the process was given. OpenMP's
 * variables (OMP_PROC_BIND, OMP_PLACES) bind the first thread before main, and
 * whatever thread it starts would sit on its core; they are meant for the
 * threads of loops. */
void fl_cores_all(void);
/* The share alone, in cores, of a list as /proc/<pid>/cgroup and the folders of
 * it below mount; 0: there is none. Beside fl_cores, tests call it. */
double fl_cores_quota(const char *list, const char *mount);

#endif

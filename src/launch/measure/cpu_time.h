/* cpu_time.h - what the system counts of a process's first thread, which is the
 * one that trains. Where it tells nothing, zero. Threads: any. */
#ifndef FL_LAUNCH_CPU_TIME_H
#define FL_LAUNCH_CPU_TIME_H

#include <sys/types.h>

/* Seconds since it began. */
struct cpu_time {
	double on_core;	  /* running */
	double for_core;  /* able to run, while others ran */
	double throttled; /* its control group had used up its share */
};

void cpu_time_read(pid_t pid, struct cpu_time *out);

#endif

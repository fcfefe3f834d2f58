/* memory.h - how much memory this process may still take, and whom the system
 * killed for want of it.
 *
 * Threads: any.
 */
#ifndef FL_BASE_MEMORY_H
#define FL_BASE_MEMORY_H

#include <stdint.h>

/* Bytes that the machine can give without swapping (MemAvailable of
 * /proc/meminfo), or that the memory control group of this process (either
 * version) leaves, if that is less; INT64_MAX where the system does not tell. */
int64_t fl_memory_free(void);

/* Processes killed for want of memory so far: of the control group of this
 * process (memory.events, or memory.oom_control of the first version), and of
 * the machine (/proc/vmstat); -1 where the system does not tell. limit: bytes
 * that the group may use; INT64_MAX where it has no bound. */
struct fl_memory_kills {
	int64_t group, machine, limit;
};
struct fl_memory_kills fl_memory_kills(void);

#endif

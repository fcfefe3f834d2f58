/* memory.h - how much memory this process may still take.
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

#endif

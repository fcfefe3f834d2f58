/* open_files.h - how many files the agent may have open.
 *
 * The soft limit that a shell gives (1024) is the trainers'; the agent, which
 * holds several descriptors for each of them, takes what the hard limit allows.
 *
 * Threads: the main thread.
 */
#ifndef FL_LAUNCH_OPEN_FILES_H
#define FL_LAUNCH_OPEN_FILES_H

#include "base/err.h"

#include <stdint.h>

/* Raise this process's limit as far as it goes. FL_EIO where that is less than
 * an agent of so many machines and trainers needs. Once is enough. */
int open_files_raise(int machines, int trainers, struct fl_err *err);
/* What was given before, in files; -1: no limit. */
int64_t open_files_given(void);
/* In a child, before exec: the limit that was given. */
void open_files_restore(void);

#endif

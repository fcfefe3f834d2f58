/* scratch.h - a folder of its own for a test program, gone at its end. */
#ifndef TESTS_SUPPORT_SCRATCH_H
#define TESTS_SUPPORT_SCRATCH_H

#include <stddef.h>

/* The folder; made at the first call, removed with all in it at exit. */
const char *scratch_dir(void);
/* "<folder>/name" in one of 16 buffers used in turn. */
const char *scratch_path(const char *name);
/* Write a file in it and return its path. */
const char *scratch_file(const char *name, const void *data, size_t size);

#endif

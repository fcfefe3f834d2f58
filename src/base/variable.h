/* variable.h - numbers in the environment.
 *
 * Whoever set one meant it: what cannot be read is refused with its name and
 * value, never taken for "not set".
 *
 * Threads: any, while nobody sets variables.
 */
#ifndef FL_BASE_VARIABLE_H
#define FL_BASE_VARIABLE_H

#include "base/err.h"

/* Unset or empty leaves *out as it is. FL_EUSAGE for what is no whole number
 * within the bounds. */
int fl_variable_int(const char *name, int least, int most, int *out,
		    struct fl_err *err);
/* OMP_NUM_THREADS, of whose list "8,2" for nested loops the first counts; 0:
 * not set. */
int fl_variable_threads(int *out, struct fl_err *err);

#endif

/* variable.c - called where a variable settles a number: by fleetrun when it
 * plans, by flotilla before any command, by the communicator. */
#include "base/variable.h"

#include <stdlib.h>

/* Twice the threads of the largest machine today: beyond it is a slip. */
#define MOST_THREADS 4096

/* end: what may stand behind the number, besides nothing. */
static int read_int(const char *name, const char *end, int least, int most,
		    int *out, struct fl_err *err)
{
	const char *text = getenv(name);
	char *rest;
	long v;

	if (!text || !*text)
		return 0;
	v = strtol(text, &rest, 10);
	if (rest == text || (*rest && *rest != *end) || v < least || v > most)
		return fl_fail(
			err, FL_EUSAGE,
			"the variable %s is '%s', it must be a whole "
			"number within %d and %d; set it so, or unset it",
			name, text, least, most);
	*out = (int)v;
	return 0;
}

int fl_variable_int(const char *name, int least, int most, int *out,
		    struct fl_err *err)
{
	return read_int(name, "", least, most, out, err);
}

int fl_variable_threads(int *out, struct fl_err *err)
{
	*out = 0;
	return read_int("OMP_NUM_THREADS", ",", 1, MOST_THREADS, out, err);
}

/* duration.h - lengths of time as people and schedulers write them.
 *
 *     10h   90m   1h30m   2d12h   45s   1.5h   units in falling order, each once
 *     1:30:00   0:45   2-12:00:00              as Slurm's --time: H:M:S, M:S, D-H:M:S
 */
#ifndef FL_TEXT_DURATION_H
#define FL_TEXT_DURATION_H

#include "base/err.h"

/* Seconds, above 0 and below ten years. FL_EUSAGE: the sentence names what (an
 * option). A bare number is refused: tools differ about its unit. */
int duration_parse(const char *text, const char *what, double *seconds,
		   struct fl_err *err);

#endif

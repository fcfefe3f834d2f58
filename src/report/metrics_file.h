/* metrics_file.h - metrics.jsonl of a run that is taken up again.
 */
#ifndef FL_REPORT_METRICS_FILE_H
#define FL_REPORT_METRICS_FILE_H

#include "base/err.h"

#include <stdint.h>

/* Keep of a file of lines what was true at step 'done': steps before it, and
 * evaluations up to step 'evaluated'. A last line that was cut off goes too.
 * Nothing happens where there is no file. */
int metrics_file_rewind(const char *path, int64_t done, int64_t evaluated,
			struct fl_err *err);

#endif

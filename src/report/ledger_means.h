/* ledger_means.h - the launcher's ledger (launch/watch/ledger.c) as means of each
 * rank, for page/time.c: host, step_ms, compute_ms, data_ms, wait_ms, in order of
 * ranks. */
#ifndef FL_REPORT_LEDGER_MEANS_H
#define FL_REPORT_LEDGER_MEANS_H

#include "text/json.h"

#include <time.h>

/* NULL where there is no ledger at path, or none that was written since. The
 * caller's to free. */
struct json *ledger_means(const char *path, time_t since);

#endif

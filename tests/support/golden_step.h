/* golden_step.h - one recorded step case of the reference run through
 * flotilla's probe and judged.
 *
 * A case is the pair <stem>.json (float32) and <stem>.f64.json (float64) that
 * golden_step.py of the oracle writes. Weights, images and boxes come from its
 * formula. Two runs: the walk of all steps from epoch 0, whose batch 0 is the
 * recorded static assignment, and batch 0 in the first task-aligned epoch.
 */
#ifndef TESTS_SUPPORT_GOLDEN_STEP_H
#define TESTS_SUPPORT_GOLDEN_STEP_H

#include "golden.h"

#include "base/err.h"

/* Fills *report with figures and failures. An error is one that kept the case
 * from being judged at all. slack: what limits are multiplied by. Files go to
 * the scratch folder. */
int golden_step_check(const char *stem, const char *device_name, double slack,
		      struct golden_report *report, struct fl_err *err);

#endif

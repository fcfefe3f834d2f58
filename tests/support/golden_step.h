/* golden_step.h - one recorded step case of the reference run through
 * flotilla's probe and judged.
 *
 * A case is the pair <stem>.json (float32) and <stem>.f64.json (float64) that
 * golden_step.py of the oracle writes. Weights, images and boxes come from its
 * formula. Two runs: the walk of all steps from epoch 0, whose batch 0 is the
 * recorded static assignment, and batch 0 in the first task-aligned epoch.
 *
 * A walk has points where float32 cannot tell what float64 does: two values of
 * a max pool closer than rounding, whose gradient then goes another way
 * (docs/parity.md). Two rules for them, which hold for a walk that is over a
 * limit and for nothing else:
 *
 * - near_ties.json lists cases with the step and its float64 margin, under
 *   1e-4: losses, rates and positives up to that step are judged, the rest of
 *   the walk is not (report->tie_margin, else 0);
 * - any other case is walked again from weights moved by half a unit of their
 *   last place, GOLDEN_TRIES times: one walk must follow the reference in every
 *   figure (report->parted is the try that did, 0 where the first does).
 */
#ifndef TESTS_SUPPORT_GOLDEN_STEP_H
#define TESTS_SUPPORT_GOLDEN_STEP_H

#include "support/golden.h"

#include "base/err.h"
#include "ckpt/tensor_file.h"

#define GOLDEN_TRIES 6
#define GOLDEN_TIES "tests/golden/near_ties.json"

/* Fills *report with figures and failures. An error is one that kept the case
 * from being judged at all. slack: what limits are multiplied by. Files go to
 * the scratch folder. */
int golden_step_check(const char *stem, const char *device_name, double slack,
		      struct golden_report *report, struct fl_err *err);

/* The walk of a case with maps in "fp32" or "bf16", judged by nobody; what the
 * probe wrote of it is open, tensor_file_close() ends it. */
int golden_step_walk(const char *stem, const char *device_name,
		     const char *precision, struct tensor_file *ours,
		     struct fl_err *err);

#endif

/* golden_eval.h - one recorded evaluation of the reference run through
 * flotilla's reader, probe and scorer, and judged.
 *
 * <stem>.json is what golden_eval.py of the oracle wrote. Limits are three
 * times what the oracle's README measured between two runs of the reference:
 * scores 1.3e-5, boxes 0.01 pixel; rows of the suppression may miss a few of a
 * thousand where a score or an overlap falls on its threshold; the twelve
 * numbers 2e-4; the input differs from OpenCV's by one 8-bit step in at most
 * a few of 10^5 pixels.
 */
#ifndef TESTS_SUPPORT_GOLDEN_EVAL_H
#define TESTS_SUPPORT_GOLDEN_EVAL_H

#include "support/golden.h"

#include "base/err.h"

/* data: the folder of data sets ("../shared/data"); formats: where the
 * reference's model_final.pdparams lies. */
int golden_eval_check(const char *stem, const char *data, const char *formats,
		      const char *device_name, struct golden_report *report,
		      struct fl_err *err);

#endif

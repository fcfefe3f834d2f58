/* curve.h - how a class does at one overlap: precision over recall, and what is
 * said and right over the confidence that is asked for.
 *
 * Threads: any.
 */
#ifndef FL_EVAL_CURVE_H
#define FL_EVAL_CURVE_H

#include <stdbool.h>
#include <stddef.h>

/* Recalls, or confidences, 0, 0.01, ... 1. */
#define CURVE_POINTS 101

struct curve_hit {
	double score;
	bool right;
};

struct curve {
	long truths;
	/* The highest that is reached at this recall or beyond, 0 where none
	 * is, as in COCO's AP: its mean is the class's AP at that overlap. */
	double precision[CURVE_POINTS];
	/* Detections with at least this score, right ones and others. */
	long right[CURVE_POINTS], wrong[CURVE_POINTS];
};

/* Hits by falling score. */
void curve_of(const struct curve_hit *hits, size_t count, long truths,
	      struct curve *out);

/* At a confidence: right / said, NaN where nothing is said; right / truths, NaN
 * without truths; and their harmonic mean. */
double curve_precision(const struct curve *c, int confidence);
double curve_recall(const struct curve *c, int confidence);
double curve_f1(const struct curve *c, int confidence);

#endif

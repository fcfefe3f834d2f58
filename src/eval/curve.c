/* curve.c - a class's hits by falling score, as curves that people look at.
 *
 * COCO's matches (coco_eval.c) and VOC's (voc_eval.c) both come here once they
 * are sorted; the scores themselves are made elsewhere and do not depend on it.
 * Recalls are compared in the doubles of pycocotools (i * 0.01), so that the mean
 * of the precisions is COCO's AP of the class also where rounding moves a point. */
#include "eval/curve.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

/* Precision never rises with recall: from the end on, the best so far. */
static void fill_precision(const struct curve_hit *hits, size_t count,
			   struct curve *out)
{
	double *precision = fl_calloc(count + 1, sizeof(*precision));
	long *right = fl_calloc(count + 1, sizeof(*right)), n = 0;
	size_t at = 0;

	for (size_t i = 0; i < count; i++) {
		n += hits[i].right;
		right[i] = n;
		precision[i] = (double)n / (double)(i + 1);
	}
	for (size_t i = count; i-- > 1;)
		if (precision[i] > precision[i - 1])
			precision[i - 1] = precision[i];
	for (int r = 0; r < CURVE_POINTS; r++) {
		double recall = r == CURVE_POINTS - 1 ? 1.0 : r * 0.01;

		while (at < count &&
		       (double)right[at] / (double)out->truths < recall)
			at++;
		out->precision[r] = at < count ? precision[at] : 0;
	}
	free(precision);
	free(right);
}

void curve_of(const struct curve_hit *hits, size_t count, long truths,
	      struct curve *out)
{
	size_t at = 0;
	long right = 0;

	*out = (struct curve){ .truths = truths };
	for (int c = CURVE_POINTS - 1; c >= 0; c--) {
		while (at < count &&
		       hits[at].score >= (double)c / (CURVE_POINTS - 1))
			right += hits[at++].right;
		out->right[c] = right;
		out->wrong[c] = (long)at - right;
	}
	if (truths > 0)
		fill_precision(hits, count, out);
}

static double ratio(double part, double whole)
{
	return whole > 0 ? part / whole : NAN;
}

double curve_precision(const struct curve *c, int at)
{
	return ratio((double)c->right[at],
		     (double)(c->right[at] + c->wrong[at]));
}

double curve_recall(const struct curve *c, int at)
{
	return ratio((double)c->right[at], (double)c->truths);
}

double curve_f1(const struct curve *c, int at)
{
	return ratio(2 * (double)c->right[at],
		     (double)(c->right[at] + c->wrong[at] + c->truths));
}

/* From matches to numbers: the curve of recall and precision of a class, and
 * means over classes.
 * coco_eval.c calls coco_accumulate once a class. Detections are sorted by
 * score, stable; 101 recalls and DBL_EPSILON are pycocotools'. Means add up in
 * numpy's order of pairs, because its last digits are part of the number that
 * people compare. */
#include "eval/coco_priv.h"

#include "base/arena.h"

#include <float.h>
#include <stdlib.h>

static int by_score(const void *a, const void *b)
{
	const struct coco_match *x = a, *y = b;

	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* numpy.linspace(0, 1, 101) */
static double recall_at(int i)
{
	return i == COCO_RECALLS - 1 ? 1.0 : i * 0.01;
}

/* Precision at 101 recalls: the curve made falling from its end, and at each
 * recall the first point that reaches it. */
static void fill_precision(const double *rc, double *pr, size_t n,
			   double out[COCO_RECALLS])
{
	size_t at = 0;

	for (size_t i = n; i-- > 1;)
		if (pr[i] > pr[i - 1])
			pr[i - 1] = pr[i];
	for (int r = 0; r < COCO_RECALLS; r++) {
		while (at < n && rc[at] < recall_at(r))
			at++;
		out[r] = at < n ? pr[at] : 0;
	}
}

/* Recall and precision of the detections of rank < most; returns the last
 * recall. */
static double curve(const struct coco_match *m, size_t count, int area, int t,
		    int most, long positives, double *rc, double *pr, size_t *n)
{
	uint16_t bit = (uint16_t)(1 << t);
	double tp = 0, fp = 0;

	*n = 0;
	for (size_t i = 0; i < count; i++) {
		if (m[i].rank >= most)
			continue;
		/* An ignored detection moves neither count, but its point stays
		 * on the curve. */
		if (!(m[i].ignored[area] & bit)) {
			tp += (m[i].matched[area] & bit) != 0;
			fp += (m[i].matched[area] & bit) == 0;
		}
		rc[*n] = tp / (double)positives;
		pr[(*n)++] = tp / (fp + tp + DBL_EPSILON);
	}
	return *n ? rc[*n - 1] : 0;
}

void coco_accumulate(struct coco_match *m, size_t count,
		     const long positives[COCO_AREAS], struct coco_class *out)
{
	double *rc = fl_calloc(count + 1, sizeof(*rc));
	double *pr = fl_calloc(count + 1, sizeof(*pr));
	size_t n;

	for (size_t i = 0; i < count; i++)
		m[i].order = i;
	qsort(m, count, sizeof(*m), by_score);
	for (int a = 0; a < COCO_AREAS; a++) {
		out->counted[a] = positives[a] > 0;
		for (int t = 0; out->counted[a] && t < COCO_THRESHOLDS; t++) {
			out->recall[a][t] =
				curve(m, count, a, t, COCO_MAX_DETECTIONS,
				      positives[a], rc, pr, &n);
			fill_precision(rc, pr, n, out->precision[a][t]);
		}
	}
	for (int k = 0; out->counted[0] && k < 2; k++)
		for (int t = 0; t < COCO_THRESHOLDS; t++)
			out->recall_few[k][t] =
				curve(m, count, 0, t, k ? 10 : 1, positives[0],
				      rc, pr, &n);
	free(rc);
	free(pr);
}

/* Numbers are added in pairs, down to blocks of 128 with eight partial sums
 * (numpy's pairwise summation, loops_utils.h). */
double coco_sum(const double *v, size_t n)
{
	double part[8], sum = 0;
	size_t half = n / 2 - n / 2 % 8, i = 8;

	if (n > 128)
		return coco_sum(v, half) + coco_sum(v + half, n - half);
	if (n < 8) {
		for (i = 0; i < n; i++)
			sum += v[i];
		return sum;
	}
	for (int k = 0; k < 8; k++)
		part[k] = v[k];
	for (; i + 8 <= n; i += 8)
		for (size_t k = 0; k < 8; k++)
			part[k] += v[i + k];
	sum = ((part[0] + part[1]) + (part[2] + part[3])) +
	      ((part[4] + part[5]) + (part[6] + part[7]));
	for (; i < n; i++)
		sum += v[i];
	return sum;
}

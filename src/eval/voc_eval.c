/* Pascal VOC's metric, in the order of VOCMetric: voc_add_image for each
 * picture, then voc_score.
 * A hit keeps its image and its order there, by which equal scores are sorted,
 * so that the sum does not depend on which rank saw the picture. side()
 * reproduces the reference's mixture of float32 and double; changing its casts
 * changes mAP in the last digits. */
#include "eval/voc_eval.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

void voc_init(struct voc_metric *m, int classes, double overlap,
	      enum voc_type type, bool evaluate_difficult)
{
	*m = (struct voc_metric){ .type = type,
				  .classes = classes,
				  .overlap = overlap,
				  .evaluate_difficult = evaluate_difficult };
	m->truths = fl_calloc((size_t)classes + 1, sizeof(*m->truths));
}

void voc_release(struct voc_metric *m)
{
	free(m->truths);
	free(m->hits);
	free(m->taken);
	*m = (struct voc_metric){ 0 };
}

/* Overlap along one axis, ends at lo and hi: of the detection d, of the ground
 * truth g. Its ends win only where they are really inside. */
static double side(const float *d, const float *g, int lo, int hi)
{
	bool low = g[lo] > d[lo], high = g[hi] < d[hi];

	if (low && high)
		return (double)(g[hi] - g[lo]) + 1;
	return (double)(high ? g[hi] : d[hi]) - (double)(low ? g[lo] : d[lo]) +
	       1;
}

/* Touching boxes do not meet although their pixels, by the + 1, would. The
 * detection's own sides are subtracted in double, the truth's in float32. */
static double iou(const float *d, const float *g)
{
	double own, truth, both;

	if (d[0] >= g[2] || d[2] <= g[0] || d[1] >= g[3] || d[3] <= g[1])
		return 0;
	both = side(d, g, 0, 2) * side(d, g, 1, 3);
	own = ((double)d[2] - (double)d[0] + 1) *
	      ((double)d[3] - (double)d[1] + 1);
	truth = ((double)(g[2] - g[0]) + 1) * ((double)(g[3] - g[1]) + 1);
	return both / (own + truth - both);
}

static void add_hit(struct voc_metric *m, const struct voc_hit *hit)
{
	if (m->count == m->cap) {
		m->cap = m->cap ? 2 * m->cap : 1024;
		m->hits = fl_realloc(m->hits, m->cap * sizeof(*m->hits));
	}
	m->hits[m->count++] = *hit;
}

/* An index into m->truths comes of it. */
static int check_categories(const struct voc_metric *m,
			    const struct voc_box *boxes, size_t count,
			    const char *what, int image, struct fl_err *err)
{
	for (size_t i = 0; i < count; i++)
		if (boxes[i].category < 0 || boxes[i].category >= m->classes)
			return fl_fail(err, FL_EDATA,
				       "%s %zu of image %d has class %d, but "
				       "classes are 0 to %d",
				       what, i, image, boxes[i].category,
				       m->classes - 1);
	return 0;
}

/* The ground truth of the detection's class with the largest IoU, of equal
 * ones the first; -1 if there is none. */
static int best_truth(const struct voc_box *d, const struct voc_box *truths,
		      size_t count, double *overlap)
{
	int best = -1;

	*overlap = -1;
	for (size_t i = 0; i < count; i++) {
		double o;

		if (truths[i].category != d->category)
			continue;
		o = iou(d->box, truths[i].box);
		if (o > *overlap) {
			*overlap = o;
			best = (int)i;
		}
	}
	return best;
}

int voc_add_image(struct voc_metric *m, int image,
		  const struct voc_box *detections, size_t detection_count,
		  const struct voc_box *truths, size_t truth_count,
		  struct fl_err *err)
{
	int rc = check_categories(m, detections, detection_count, "detection",
				  image, err);

	if (rc == 0)
		rc = check_categories(m, truths, truth_count, "ground truth",
				      image, err);
	if (rc != 0)
		return rc;
	if (truth_count > m->taken_cap) {
		m->taken_cap = 2 * truth_count;
		/* Scratch of one image, kept for the next. */
		m->taken = fl_realloc(m->taken, m->taken_cap);
	}
	for (size_t i = 0; i < truth_count; i++) {
		m->taken[i] = false;
		if (m->evaluate_difficult || !truths[i].difficult)
			m->truths[truths[i].category]++;
	}
	for (size_t i = 0; i < detection_count; i++) {
		struct voc_hit hit = { .category = detections[i].category,
				       .image = image,
				       .order = (int32_t)i,
				       .score = detections[i].score };
		double overlap;
		int t = best_truth(&detections[i], truths, truth_count,
				   &overlap);

		/* Strictly above, and then truths[t] exists: overlap is -1
		 * without one. */
		if (overlap > m->overlap) {
			if (!m->evaluate_difficult && truths[t].difficult)
				continue;
			hit.positive = !m->taken[t];
			m->taken[t] = true;
		}
		add_hit(m, &hit);
	}
	return 0;
}

void voc_merge(struct voc_metric *m, const struct voc_hit *hits, size_t count,
	       const int64_t *truths)
{
	for (size_t i = 0; i < count; i++)
		add_hit(m, &hits[i]);
	for (int c = 0; c < m->classes; c++)
		m->truths[c] += truths[c];
}

/* Ties by image and place: merged ranks come to the same order. */
static int by_class_and_score(const void *a, const void *b)
{
	const struct voc_hit *x = a, *y = b;

	if (x->category != y->category)
		return x->category < y->category ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	if (x->image != y->image)
		return x->image < y->image ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* The reference's loop: from recall 1 downwards, the walk goes on where the
 * step before ended, and hands its maximum down. most[j] is the largest
 * precision at recall j / 10 or more; where two bounds fall before one point,
 * the maximum between them is lost, as it is there. */
static double eleven_points(const double *precision, const double *recall,
			    size_t n)
{
	double most[11] = { 0 }, sum = 0;
	size_t start = n;

	for (int j = 10; j >= 0; j--)
		for (size_t i = start; i-- > 0;) {
			if (recall[i] < (double)j / 10) {
				start = i + 1;
				most[j - 1] = most[j];
				break;
			}
			if (most[j] < precision[i])
				most[j] = precision[i];
		}
	for (int j = 0; j <= 10; j++)
		sum += most[j];
	return sum / 11;
}

/* No envelope: precision where the recall rises; 1e-6 is the reference's. */
static double integral(const double *precision, const double *recall, size_t n)
{
	double before = 0, sum = 0;

	for (size_t i = 0; i < n; i++) {
		double rise = fabs(recall[i] - before);

		if (rise > 1e-6) {
			sum += precision[i] * rise;
			before = recall[i];
		}
	}
	return sum;
}

static double class_ap(const struct voc_metric *m, const struct voc_hit *hits,
		       size_t n, int64_t truths, double *precision,
		       double *recall)
{
	double tp = 0, fp = 0;

	for (size_t i = 0; i < n; i++) {
		tp += hits[i].positive;
		fp += 1 - hits[i].positive;
		precision[i] = tp / (tp + fp);
		recall[i] = tp / (double)truths;
	}
	return m->type == VOC_11POINT ? eleven_points(precision, recall, n)
				      : integral(precision, recall, n);
}

double voc_score(struct voc_metric *m, double *per_class)
{
	double *precision = fl_calloc(m->count + 1, sizeof(double));
	double *recall = fl_calloc(m->count + 1, sizeof(double));
	double sum = 0;
	size_t from = 0, to;
	int counted = 0;

	if (m->count > 0)
		qsort(m->hits, m->count, sizeof(*m->hits), by_class_and_score);
	for (int c = 0; c < m->classes; c++) {
		/* -1: a class without ground truth, which the mean leaves
		 * out. */
		double ap = -1;

		for (to = from; to < m->count && m->hits[to].category == c;)
			to++;
		if (m->truths[c] > 0) {
			ap = class_ap(m, m->hits + from, to - from,
				      m->truths[c], precision, recall);
			sum += ap;
			counted++;
		}
		if (per_class)
			per_class[c] = ap;
		from = to;
	}
	free(precision);
	free(recall);
	return counted ? sum / counted : 0;
}

void voc_curves(const struct voc_metric *m, struct curve *out)
{
	struct curve_hit *hits = fl_calloc(m->count + 1, sizeof(*hits));
	size_t from = 0, n;

	for (int c = 0; c < m->classes; c++) {
		for (n = 0;
		     from + n < m->count && m->hits[from + n].category == c;
		     n++)
			hits[n] = (struct curve_hit){
				(double)m->hits[from + n].score,
				m->hits[from + n].positive != 0
			};
		curve_of(hits, n, (long)m->truths[c], &out[c]);
		from += n;
	}
	free(hits);
}

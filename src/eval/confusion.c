/* confusion.c - boxes of all classes matched at once.
 *
 * COCO's and VOC's matching looks at one class at a time and never learns that a
 * cup was taken for a mug; this one looks at all, once, at one overlap. Called
 * for every picture of an evaluation, on rank 0 (report/scores.c). Pictures have
 * tens of boxes on each side, so all pairs are looked at. */
#include "eval/confusion.h"

#include "base/arena.h"

#include <math.h>
#include <stdlib.h>

struct overlap_pair {
	double overlap;
	size_t truth, said;
};

void confusion_init(struct confusion *c, int classes)
{
	size_t n = (size_t)classes + 1;

	c->classes = classes;
	c->counts = fl_calloc(n * n, sizeof(*c->counts));
}

void confusion_release(struct confusion *c)
{
	free(c->counts);
	c->counts = NULL;
}

long confusion_at(const struct confusion *c, int is, int said)
{
	return c->counts[(size_t)is * ((size_t)c->classes + 1) + (size_t)said];
}

static void count(struct confusion *c, int is, int said)
{
	if (c->counts)
		c->counts[(size_t)is * ((size_t)c->classes + 1) +
			  (size_t)said]++;
}

static double overlap_of(const double a[4], const double b[4])
{
	double w = fmin(a[0] + a[2], b[0] + b[2]) - fmax(a[0], b[0]);
	double h = fmin(a[1] + a[3], b[1] + b[3]) - fmax(a[1], b[1]);
	double both = w > 0 && h > 0 ? w * h : 0;
	double whole = a[2] * a[3] + b[2] * b[3] - both;

	return whole > 0 ? both / whole : 0;
}

/* The largest first; of equal ones those of earlier boxes. */
static int by_overlap(const void *a, const void *b)
{
	const struct overlap_pair *x = a, *y = b;

	if (x->overlap != y->overlap)
		return x->overlap > y->overlap ? -1 : 1;
	if (x->truth != y->truth)
		return x->truth < y->truth ? -1 : 1;
	return x->said < y->said ? -1 : x->said > y->said;
}

static struct overlap_pair *pairs_of(const struct confusion_box *truths,
				     size_t gts,
				     const struct confusion_box *said,
				     size_t dts, size_t *n)
{
	struct overlap_pair *pairs = fl_calloc(gts * dts + 1, sizeof(*pairs));

	*n = 0;
	for (size_t g = 0; g < gts; g++)
		for (size_t d = 0; d < dts; d++) {
			double v = overlap_of(truths[g].box, said[d].box);

			if (v > CONFUSION_OVERLAP)
				pairs[(*n)++] =
					(struct overlap_pair){ v, g, d };
		}
	qsort(pairs, *n, sizeof(*pairs), by_overlap);
	return pairs;
}

struct confusion_image
confusion_add(struct confusion *c, const struct confusion_box *truths,
	      size_t gts, const struct confusion_box *said, size_t dts)
{
	struct confusion_image image = { .said = (int)dts };
	bool *taken = fl_calloc(gts + dts + 1, sizeof(*taken));
	size_t n;
	struct overlap_pair *pairs = pairs_of(truths, gts, said, dts, &n);

	for (size_t i = 0; i < n; i++) {
		const struct confusion_box *t = &truths[pairs[i].truth];
		const struct confusion_box *s = &said[pairs[i].said];

		if (taken[pairs[i].truth] || taken[gts + pairs[i].said])
			continue;
		taken[pairs[i].truth] = taken[gts + pairs[i].said] = true;
		if (t->difficult) {
			image.said--;
			continue;
		}
		count(c, t->class, s->class);
		image.right += t->class == s->class;
	}
	for (size_t g = 0; g < gts; g++) {
		image.truths += !truths[g].difficult;
		if (!taken[g] && !truths[g].difficult)
			count(c, truths[g].class, c->classes);
	}
	for (size_t d = 0; d < dts; d++)
		if (!taken[gts + d])
			count(c, c->classes, said[d].class);
	free(taken);
	free(pairs);
	return image;
}

double confusion_f1(const struct confusion_image *image)
{
	int boxes = image->said + image->truths;

	return boxes > 0 ? 2.0 * image->right / boxes : NAN;
}

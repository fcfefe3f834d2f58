/* Which detection takes which ground truth, for one image and class, at ten
 * overlaps and four ranges of area. coco_eval.c calls it once an image and
 * class. Overlaps are computed once and used forty times. The loops are
 * pycocotools' evaluateImg, ties and all: ignored truths come last, and the
 * matching stops at the first ignored one when it has one that counts. 32^2 and
 * 96^2 bound small and medium. */
#include "eval/coco_priv.h"

#include "base/arena.h"

#include <stdlib.h>

const double coco_area_range[COCO_AREAS][2] = {
	{ 0, 1e10 }, { 0, 1024 }, { 1024, 9216 }, { 9216, 1e10 }
};

static double coco_threshold(int i)
{
	/* numpy.linspace(.5, .95, 10) */
	double step = (0.95 - 0.5) / (COCO_THRESHOLDS - 1);

	return i == COCO_THRESHOLDS - 1 ? 0.95 : i * step + 0.5;
}

static double min(double a, double b)
{
	return a < b ? a : b;
}

static double max(double a, double b)
{
	return a > b ? a : b;
}

/* x, y, w, h in doubles. With a crowd the union is the detection's area: a
 * crowd may hold any number of detections. */
static double iou(const struct coco_item *d, const struct coco_item *g)
{
	const double *a = d->bbox, *b = g->bbox;
	double w = min(a[2] + a[0], b[2] + b[0]) - max(a[0], b[0]);
	double h = min(a[3] + a[1], b[3] + b[1]) - max(a[1], b[1]);
	double both, area = a[2] * a[3];

	if (w <= 0 || h <= 0)
		return 0;
	both = w * h;
	return both / (g->crowd ? area : area + b[2] * b[3] - both);
}

/* Scratch is a class's, grown for its largest image and freed at its end. */
static void reserve(struct coco_scratch *s, size_t gts, size_t dts)
{
	if (gts * dts > s->iou_cap) {
		s->iou_cap = 2 * gts * dts;
		s->iou = fl_realloc(s->iou, s->iou_cap * sizeof(*s->iou));
	}
	if (gts > s->gt_cap) {
		s->gt_cap = 2 * gts;
		s->order = fl_realloc(s->order, s->gt_cap * sizeof(int));
		s->taken = fl_realloc(s->taken, s->gt_cap * sizeof(int));
	}
}

void coco_scratch_release(struct coco_scratch *s)
{
	free(s->iou);
	free(s->order);
	free(s->taken);
}

/* An area on either bound is inside, so 1024 is both small and medium. */
static bool ignored(const struct coco_item *g, int area)
{
	return g->crowd || g->area < coco_area_range[area][0] ||
	       g->area > coco_area_range[area][1];
}

/* The best ground truth for one detection, or -1: those that count come first
 * in order, and one that counts is never given up for one that does not. */
static int best_match(const struct coco_item *gt, size_t gts, int area,
		      const double *overlap, double threshold,
		      const struct coco_scratch *s)
{
	/* pycocotools' bound: an overlap of 1 that rounds below it still
	 * matches at 1. */
	double best = min(threshold, 1 - 1e-10);
	int won = -1;

	for (size_t k = 0; k < gts; k++) {
		int g = s->order[k];

		/* A crowd may be taken again and again. */
		if (s->taken[g] && !gt[g].crowd)
			continue;
		if (won >= 0 && !ignored(&gt[won], area) &&
		    ignored(&gt[g], area))
			break;
		/* At equal overlap the later one wins, theirs too. */
		if (overlap[g] < best)
			continue;
		best = overlap[g];
		won = g;
	}
	return won;
}

static void match_at(const struct coco_item *gt, size_t gts,
		     const struct coco_item *dt, size_t dts, int area, int t,
		     struct coco_match *m, struct coco_scratch *s)
{
	const double *range = coco_area_range[area];
	uint16_t bit = (uint16_t)(1 << t);

	for (size_t g = 0; g < gts; g++)
		s->taken[g] = 0;
	for (size_t d = 0; d < dts; d++) {
		double own = dt[d].bbox[2] * dt[d].bbox[3];
		int g = best_match(gt, gts, area, gts ? s->iou + d * gts : NULL,
				   coco_threshold(t), s);

		if (g >= 0) {
			s->taken[g] = 1;
			if (ignored(&gt[g], area))
				m[d].ignored[area] |= bit;
			/* the mark of a match is the id; 0 marks nothing */
			if (gt[g].id != 0)
				m[d].matched[area] |= bit;
		}
		if ((g < 0 || gt[g].id == 0) &&
		    (own < range[0] || own > range[1]))
			m[d].ignored[area] |= bit;
	}
}

void coco_match_image(const struct coco_item *gt, size_t gts,
		      const struct coco_item *dt, size_t dts,
		      struct coco_match *m, long positives[COCO_AREAS],
		      struct coco_scratch *s)
{
	reserve(s, gts, dts);
	for (size_t d = 0; d < dts; d++) {
		m[d] = (struct coco_match){ .score = dt[d].score,
					    .rank = (int)d };
		for (size_t g = 0; g < gts; g++)
			s->iou[d * gts + g] = iou(&dt[d], &gt[g]);
	}
	for (int a = 0; a < COCO_AREAS; a++) {
		size_t n = 0;

		for (int pass = 0; pass < 2; pass++)
			for (size_t g = 0; g < gts; g++)
				if (ignored(&gt[g], a) == (pass == 1))
					s->order[n++] = (int)g;
		for (size_t g = 0; g < gts; g++)
			positives[a] += !ignored(&gt[g], a);
		for (int t = 0; t < COCO_THRESHOLDS; t++)
			match_at(gt, gts, dt, dts, a, t, m, s);
	}
}

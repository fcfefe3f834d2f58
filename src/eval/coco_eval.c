#include "eval/coco_priv.h"

#include "base/arena.h"
#include "base/par.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct job {
	struct coco_item *gt, *dt;
	size_t gts, dts;
	int64_t *ids; /* of categories, rising, each once */
	size_t categories;
	struct coco_class *classes;
};

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* By class, image, falling score (0 for ground truth), given order. */
static int by_place(const void *a, const void *b)
{
	const struct coco_item *x = a, *y = b;

	if (x->category != y->category)
		return x->category - y->category;
	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

static size_t unique(int64_t *ids, size_t n)
{
	size_t kept = 0;

	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	return kept;
}

static int category_of(const struct job *j, int64_t id)
{
	int64_t *found = bsearch(&id, j->ids, j->categories, sizeof(id), by_id);

	return found ? (int)(found - j->ids) : -1;
}

static void take_truth(struct job *j, const struct annotations *a)
{
	j->gt = fl_calloc(a->box_count + 1, sizeof(*j->gt));
	for (size_t i = 0; i < a->box_count; i++) {
		const struct annotation_box *b = &a->boxes[i];
		struct coco_item *g = &j->gt[j->gts];

		if (b->image < 0 || b->category < 0)
			continue;
		*g = (struct coco_item){ .id = b->id, .image_id = b->image_id,
					 .category = category_of(
						 j, b->category_id),
					 .bbox = { b->x, b->y, b->w, b->h },
					 .area = b->area, .crowd = b->crowd,
					 .order = i };
		j->gts++;
	}
	qsort(j->gt, j->gts, sizeof(*j->gt), by_place);
}

static int take_detections(struct job *j, const struct annotations *a,
			   const struct coco_detection *d, size_t count,
			   struct fl_err *err)
{
	int64_t *images = fl_calloc(a->image_count + 1, sizeof(*images));
	size_t n;
	int rc = 0;

	for (size_t i = 0; i < a->image_count; i++)
		images[i] = a->images[i].id;
	n = unique(images, a->image_count);
	j->dt = fl_calloc(count + 1, sizeof(*j->dt));
	for (size_t i = 0; rc == 0 && i < count; i++) {
		int category = category_of(j, d[i].category_id);

		if (!bsearch(&d[i].image_id, images, n, sizeof(*images), by_id))
			rc = fl_fail(err, FL_EDATA,
				     "detection %zu is of image %lld, which the ground truth does not have",
				     i, (long long)d[i].image_id);
		else if (isnan(d[i].score))
			rc = fl_fail(err, FL_EDATA,
				     "detection %zu (image %lld) has a score that is not a number",
				     i, (long long)d[i].image_id);
		if (rc != 0 || category < 0)
			continue;
		j->dt[j->dts] = (struct coco_item){
			.image_id = d[i].image_id, .category = category,
			.score = d[i].score, .order = i };
		memcpy(j->dt[j->dts++].bbox, d[i].bbox, sizeof(d[i].bbox));
	}
	qsort(j->dt, j->dts, sizeof(*j->dt), by_place);
	free(images);
	return rc;
}

/* First item of a class at or behind 'from'; items are sorted. */
static size_t lower(const struct coco_item *items, size_t n, int category)
{
	size_t lo = 0, hi = n;

	while (lo < hi) {
		size_t mid = (lo + hi) / 2;

		if (items[mid].category < category)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

static size_t same_image(const struct coco_item *items, size_t from, size_t end,
			 int64_t image)
{
	size_t i = from;

	while (i < end && items[i].image_id == image)
		i++;
	return i - from;
}

static void evaluate_class(const struct job *j, int category)
{
	size_t g = lower(j->gt, j->gts, category);
	size_t g_end = lower(j->gt, j->gts, category + 1);
	size_t d = lower(j->dt, j->dts, category);
	size_t d_end = lower(j->dt, j->dts, category + 1);
	struct coco_match *m = fl_calloc(d_end - d + 1, sizeof(*m));
	struct coco_scratch scratch = { 0 };
	long positives[COCO_AREAS] = { 0 };
	size_t count = 0;

	while (g < g_end || d < d_end) {
		int64_t image = d == d_end || (g < g_end &&
					       j->gt[g].image_id <
						       j->dt[d].image_id) ?
					j->gt[g].image_id : j->dt[d].image_id;
		size_t gs = same_image(j->gt, g, g_end, image);
		size_t ds = same_image(j->dt, d, d_end, image);
		size_t kept = ds < COCO_MAX_DETECTIONS ? ds :
							 COCO_MAX_DETECTIONS;

		coco_match_image(j->gt + g, gs, j->dt + d, kept, m + count,
				 positives, &scratch);
		count += kept;
		g += gs;
		d += ds;
	}
	coco_accumulate(m, count, positives, &j->classes[category]);
	coco_scratch_release(&scratch);
	free(m);
}

static void evaluate_range(void *ctx, size_t first, size_t last, int chunk)
{
	(void)chunk;
	for (size_t c = first; c < last; c++)
		evaluate_class(ctx, (int)c);
}

/* Mean over classes, thresholds first .. last, and recalls. The order of
 * additions is numpy's view of [T][R][K]; pairwise blocks of numpy.mean differ
 * from a plain sum only in the last bits, so the sum is compensated. */
struct sum {
	double total, carry;
	size_t count;
};

static void sum_add(struct sum *s, double v)
{
	double y = v - s->carry, t = s->total + y;

	s->carry = (t - s->total) - y;
	s->total = t;
	s->count++;
}

static double sum_mean(const struct sum *s)
{
	return s->count ? s->total / (double)s->count : -1;
}

static double mean_precision(const struct job *j, int area, int first, int last)
{
	struct sum s = { 0 };

	for (int t = first; t <= last; t++)
		for (int r = 0; r < COCO_RECALLS; r++)
			for (size_t c = 0; c < j->categories; c++)
				if (j->classes[c].counted[area])
					sum_add(&s, j->classes[c]
							    .precision[area][t]
								      [r]);
	return sum_mean(&s);
}

/* few: 0 or 1 for 1 or 10 detections, -1 for 100. */
static double mean_recall(const struct job *j, int area, int few)
{
	struct sum s = { 0 };

	for (int t = 0; t < COCO_THRESHOLDS; t++)
		for (size_t c = 0; c < j->categories; c++)
			if (j->classes[c].counted[area])
				sum_add(&s, few >= 0 ?
						    j->classes[c].recall_few
							    [few][t] :
						    j->classes[c].recall[area]
									[t]);
	return sum_mean(&s);
}

static double class_ap(const struct coco_class *c)
{
	struct sum s = { 0 };

	for (int t = 0; c->counted[0] && t < COCO_THRESHOLDS; t++)
		for (int r = 0; r < COCO_RECALLS; r++)
			sum_add(&s, c->precision[0][t][r]);
	return sum_mean(&s);
}

static void summarize(const struct job *j, struct coco_result *out)
{
	double *s = out->stats;

	s[COCO_AP] = mean_precision(j, 0, 0, COCO_THRESHOLDS - 1);
	s[COCO_AP50] = mean_precision(j, 0, 0, 0);
	s[COCO_AP75] = mean_precision(j, 0, 5, 5);
	for (int a = 1; a < COCO_AREAS; a++) {
		s[COCO_AP75 + a] = mean_precision(j, a, 0,
						  COCO_THRESHOLDS - 1);
		s[COCO_AR100 + a] = mean_recall(j, a, -1);
	}
	s[COCO_AR1] = mean_recall(j, 0, 0);
	s[COCO_AR10] = mean_recall(j, 0, 1);
	s[COCO_AR100] = mean_recall(j, 0, -1);
	out->category_count = j->categories;
	out->category_ids = fl_calloc(j->categories + 1, sizeof(int64_t));
	out->category_ap = fl_calloc(j->categories + 1, sizeof(double));
	for (size_t c = 0; c < j->categories; c++) {
		out->category_ids[c] = j->ids[c];
		out->category_ap[c] = class_ap(&j->classes[c]);
	}
}

int coco_evaluate(const struct annotations *truth,
		  const struct coco_detection *detections, size_t count,
		  struct coco_result *out, struct fl_err *err)
{
	struct job j = { 0 };
	int rc;

	*out = (struct coco_result){ 0 };
	j.ids = fl_calloc(truth->category_count + 1, sizeof(*j.ids));
	for (size_t i = 0; i < truth->category_count; i++)
		j.ids[i] = truth->categories[i].id;
	j.categories = unique(j.ids, truth->category_count);
	j.classes = fl_calloc(j.categories + 1, sizeof(*j.classes));
	take_truth(&j, truth);
	rc = take_detections(&j, truth, detections, count, err);
	if (rc == 0) {
		fl_par_for(j.categories, 1, evaluate_range, &j);
		summarize(&j, out);
	}
	free(j.gt);
	free(j.dt);
	free(j.ids);
	free(j.classes);
	return rc;
}

void coco_result_release(struct coco_result *r)
{
	free(r->category_ids);
	free(r->category_ap);
	*r = (struct coco_result){ 0 };
}

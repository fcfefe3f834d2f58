/* COCO's evaluation from lists to twelve numbers. In order: annotations and
 * detections are grouped by class and image (the truth sorted in place,
 * detections through an index, as they are many); then each class is matched
 * (coco_match.c) and its curve drawn (coco_curve.c), classes in parallel, each
 * in its own row; then the rows are averaged. Every order and every double is
 * pycocotools', because people compare the numbers to the last digit:
 * COCOeval's evaluate, accumulate and summarize. 0.6 s for half a million
 * detections. */
#include "eval/coco_priv.h"

#include "base/arena.h"
#include "base/par.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* One call of coco_evaluate. Threads only read it, but for their class's
 * row. */
struct scoring {
	struct coco_item *gt;
	size_t gts;
	const struct coco_detection *detections;
	/* Indices of detections by class, in their order; class c has
	 * by_class[class_start[c] .. class_start[c + 1] - 1]. */
	size_t *by_class, *class_start;
	int64_t *ids; /* of categories, rising, each once */
	size_t categories;
	struct coco_class *classes;
	struct curve *curves; /* the result's */
};

static int by_id(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return x < y ? -1 : x > y;
}

/* By class, image, given order. */
static int by_place(const void *a, const void *b)
{
	const struct coco_item *x = a, *y = b;

	if (x->category != y->category)
		return x->category - y->category;
	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	return x->order < y->order ? -1 : x->order > y->order;
}

/* A detection of one class: what it is sorted by. Sorting these 24 bytes
 * instead of the detections leaves the caller's list as it was. */
struct best_first {
	int64_t image_id;
	double score;
	size_t index;
};

/* Of equal scores the earlier first, as numpy's mergesort leaves them. */
static int by_image_and_score(const void *a, const void *b)
{
	const struct best_first *x = a, *y = b;

	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	if (x->score != y->score)
		return x->score > y->score ? -1 : 1;
	return x->index < y->index ? -1 : x->index > y->index;
}

/* Sorts; returns how many are left. */
static size_t unique(int64_t *ids, size_t n)
{
	size_t kept = 0;

	qsort(ids, n, sizeof(*ids), by_id);
	for (size_t i = 0; i < n; i++)
		if (kept == 0 || ids[i] != ids[kept - 1])
			ids[kept++] = ids[i];
	return kept;
}

/* Index of a category's id, which is also its place in the order of the result;
 * -1: not listed, and such a category counts nowhere. */
static int category_of(const struct scoring *j, int64_t id)
{
	int64_t *found = bsearch(&id, j->ids, j->categories, sizeof(id), by_id);

	return found ? (int)(found - j->ids) : -1;
}

/* An annotation as it comes to pycocotools' loadAnns(): image_id by which it is
 * asked for, box what the id then brings, at its place in the file. */
struct listed {
	int64_t image_id;
	const struct annotation_box *box;
	size_t at; /* in the file */
};

static int by_annotation_id(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->box->id != y->box->id)
		return x->box->id < y->box->id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

static int by_listing(const void *a, const void *b)
{
	const struct listed *x = a, *y = b;

	if (x->image_id != y->image_id)
		return x->image_id < y->image_id ? -1 : 1;
	return x->at < y->at ? -1 : x->at > y->at;
}

/* pycocotools finds annotations by id: where several have one, the last in the
 * file stands for each of them. */
static void resolve_ids(struct listed *list, size_t n)
{
	qsort(list, n, sizeof(*list), by_annotation_id);
	/* From the back, so that the last of a run is handed through to its
	 * first. */
	for (size_t i = n; i-- > 1;)
		if (list[i].box->has_id && list[i - 1].box->has_id &&
		    list[i].box->id == list[i - 1].box->id)
			list[i - 1].box = list[i].box;
	qsort(list, n, sizeof(*list), by_listing);
}

/* Only annotations that count are asked: others may be without a box. */
static int check_truth(const struct annotations *a,
		       const struct annotation_box *b, struct fl_err *err)
{
	char own[TEXT_ID_ROOM], image[TEXT_ID_ROOM], why[160];

	if (b->has_bbox && isfinite(b->x) && isfinite(b->y) && isfinite(b->w) &&
	    isfinite(b->h))
		return 0;
	return fl_fail(
		err, FL_EDATA,
		"annotation %s of image %s has no bbox of four finite numbers, which the score needs: %s",
		b->has_id ? text_ids_show(&a->ids, b->id, own)
			  : "without an id",
		text_ids_show(&a->ids, b->image_id, image),
		annotations_fault(a, b, why, sizeof(why)));
}

static int take_truth(struct scoring *j, const struct annotations *a,
		      struct fl_err *err)
{
	struct listed *list = fl_calloc(a->box_count + 1, sizeof(*list));
	size_t n = 0;
	int rc = 0;

	for (size_t i = 0; i < a->box_count; i++)
		list[n++] = (struct listed){ a->boxes[i].image_id, &a->boxes[i],
					     i };
	resolve_ids(list, n);
	j->gt = fl_calloc(n + 1, sizeof(*j->gt));
	for (size_t i = 0; i < n && rc == 0; i++) {
		const struct annotation_box *own = &a->boxes[list[i].at];
		const struct annotation_box *b = list[i].box;

		/* Both the annotation that was asked for and the one that its
		 * id brought have to be of listed images and categories. */
		if (own->image < 0 || own->category < 0 || b->image < 0 ||
		    b->category < 0)
			continue;
		rc = check_truth(a, b, err);
		j->gt[j->gts++] = (struct coco_item){
			/* 0 marks "no match" (coco_match.c), so an annotation
			 * without id gets another. */
			.id = b->has_id ? b->id : -1,
			.image_id = b->image_id,
			.category = category_of(j, b->category_id),
			.bbox = { b->x, b->y, b->w, b->h },
			.area = b->area,
			.crowd = b->crowd,
			.order = i
		};
	}
	free(list);
	qsort(j->gt, j->gts, sizeof(*j->gt), by_place);
	return rc;
}

static int check_detection(const struct annotations *a,
			   const struct coco_detection *d, size_t i,
			   const int64_t *images, size_t n, struct fl_err *err)
{
	char image[TEXT_ID_ROOM];

	if (!bsearch(&d->image_id, images, n, sizeof(*images), by_id))
		return fl_fail(
			err, FL_EDATA,
			"detection %zu is of image %lld, which the ground truth does not have",
			i, (long long)d->image_id);
	/* NaN has no place in a sort; infinities have. */
	if (isnan(d->score))
		return fl_fail(
			err, FL_EDATA,
			"detection %zu (image %s) has a score that is not a number",
			i, text_ids_show(&a->ids, d->image_id, image));
	return 0;
}

/* A counting sort: counts into start[c + 1], then sums them up. Detections of
 * other categories go to a class behind the last, which nobody looks at. */
static void group_detections(struct scoring *j, const int *category,
			     size_t count)
{
	size_t *start = j->class_start, *fill;

	for (size_t i = 0; i < count; i++)
		start[category[i] + 1]++;
	for (size_t c = 0; c <= j->categories; c++)
		start[c + 1] += start[c];
	/* Where the next one of each class goes; start itself stays. */
	fill = fl_calloc(j->categories + 2, sizeof(*fill));
	memcpy(fill, start, (j->categories + 2) * sizeof(*fill));
	for (size_t i = 0; i < count; i++)
		j->by_class[fill[category[i]]++] = i;
	free(fill);
}

static int take_detections(struct scoring *j, const struct annotations *a,
			   const struct coco_detection *d, size_t count,
			   struct fl_err *err)
{
	int64_t *images = fl_calloc(a->image_count + 1, sizeof(*images));
	int *category = fl_calloc(count + 1, sizeof(*category));
	size_t n;
	int rc = 0;

	j->detections = d;
	j->by_class = fl_calloc(count + 1, sizeof(*j->by_class));
	j->class_start = fl_calloc(j->categories + 2, sizeof(size_t));
	for (size_t i = 0; i < a->image_count; i++)
		images[i] = a->images[i].id;
	n = unique(images, a->image_count);
	for (size_t i = 0; rc == 0 && i < count; i++) {
		category[i] = category_of(j, d[i].category_id);
		if (category[i] < 0)
			category[i] = (int)j->categories;
		rc = check_detection(a, &d[i], i, images, n, err);
	}
	if (rc == 0)
		group_detections(j, category, count);
	free(images);
	free(category);
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

/* How many of the first items are of that image; they are sorted by it. */
static size_t truths_of(const struct coco_item *items, size_t n, int64_t image)
{
	size_t i = 0;

	while (i < n && items[i].image_id == image)
		i++;
	return i;
}

static size_t places_of(const struct best_first *places, size_t n,
			int64_t image)
{
	size_t i = 0;

	while (i < n && places[i].image_id == image)
		i++;
	return i;
}

static struct best_first *sorted_places(const struct scoring *j, int category,
					size_t *count)
{
	const size_t *index = j->by_class + j->class_start[category];
	struct best_first *p;

	*count = j->class_start[category + 1] - j->class_start[category];
	p = fl_calloc(*count + 1, sizeof(*p));
	for (size_t i = 0; i < *count; i++) {
		const struct coco_detection *d = &j->detections[index[i]];

		p[i] = (struct best_first){ d->image_id, d->score, index[i] };
	}
	qsort(p, *count, sizeof(*p), by_image_and_score);
	return p;
}

/* The best of an image's detections as the matcher wants them. */
static size_t take_best(const struct scoring *j,
			const struct best_first *places, size_t n,
			struct coco_item best[COCO_MAX_DETECTIONS])
{
	size_t kept = n < COCO_MAX_DETECTIONS ? n : COCO_MAX_DETECTIONS;

	for (size_t i = 0; i < kept; i++) {
		const struct coco_detection *d =
			&j->detections[places[i].index];

		best[i].score = d->score;
		memcpy(best[i].bbox, d->bbox, sizeof(d->bbox));
	}
	return kept;
}

/* Of sorted matches those that count at IoU .5, of objects of any size. */
static void draw_curve(const struct coco_match *m, size_t count, long positives,
		       struct curve *out)
{
	struct curve_hit *hits = fl_calloc(count + 1, sizeof(*hits));
	size_t n = 0;

	for (size_t i = 0; i < count; i++)
		if (!(m[i].ignored[0] & 1))
			hits[n++] = (struct curve_hit){
				m[i].score, (m[i].matched[0] & 1) != 0
			};
	curve_of(hits, n, positives, out);
	free(hits);
}

/* One class, by one thread, with arrays of its own: images in rising order,
 * each with its truths or its detections or both, as in a merge. */
static void evaluate_class(const struct scoring *j, int category)
{
	size_t first = lower(j->gt, j->gts, category), count = 0, ds, gs;
	size_t gts = lower(j->gt, j->gts, category + 1) - first, dts;
	const struct coco_item *gt = j->gt + first;
	struct best_first *places = sorted_places(j, category, &dts);
	struct coco_match *m = fl_calloc(dts + 1, sizeof(*m));
	struct coco_item best[COCO_MAX_DETECTIONS] = { 0 };
	struct coco_scratch scratch = { 0 };
	long positives[COCO_AREAS] = { 0 };

	for (size_t g = 0, d = 0; g < gts || d < dts; g += gs, d += ds) {
		/* The next image has truths alone where the detections are at a
		 * later one. */
		bool only_gt = d == dts ||
			       (g < gts && gt[g].image_id < places[d].image_id);
		int64_t image = only_gt ? gt[g].image_id : places[d].image_id;
		size_t kept;

		gs = truths_of(gt + g, gts - g, image);
		ds = places_of(places + d, dts - d, image);
		kept = take_best(j, places + d, ds, best);
		coco_match_image(gt + g, gs, best, kept, m + count, positives,
				 &scratch);
		count += kept;
	}
	/* positives: truths that count, by area; count: kept detections of all
	 * images. */
	coco_accumulate(m, count, positives, &j->classes[category]);
	draw_curve(m, count, positives[0], &j->curves[category]);
	coco_scratch_release(&scratch);
	free(places);
	free(m);
}

static void evaluate_range(void *ctx, size_t first, size_t last, int chunk)
{
	(void)chunk;
	for (size_t c = first; c < last; c++)
		evaluate_class(ctx, (int)c);
}

/* The values that numpy.mean() gets to see, in its order. */
struct values {
	double *v;
	size_t count;
};

/* -1 for none, as pycocotools prints it. */
static double mean_of(const struct values *s)
{
	return s->count ? coco_sum(s->v, s->count) / (double)s->count : -1;
}

/* Over the thresholds first .. last, the recalls and the classes. */
static double mean_precision(const struct scoring *j, struct values *s,
			     int area, int first, int last)
{
	s->count = 0;
	for (int t = first; t <= last; t++)
		for (int r = 0; r < COCO_RECALLS; r++)
			for (size_t c = 0; c < j->categories; c++)
				if (j->classes[c].counted[area])
					s->v[s->count++] =
						j->classes[c]
							.precision[area][t][r];
	return mean_of(s);
}

/* few: 0 or 1 for 1 or 10 detections, -1 for 100. */
static double mean_recall(const struct scoring *j, struct values *s, int area,
			  int few)
{
	s->count = 0;
	for (int t = 0; t < COCO_THRESHOLDS; t++)
		for (size_t c = 0; c < j->categories; c++) {
			const struct coco_class *k = &j->classes[c];

			if (k->counted[area])
				s->v[s->count++] =
					few >= 0 ? k->recall_few[few][t]
						 : k->recall[area][t];
		}
	return mean_of(s);
}

/* counted[0]: the class has truths that are no crowd; others have no AP. */
static double class_ap(const struct coco_class *c)
{
	const size_t n = (size_t)COCO_THRESHOLDS * COCO_RECALLS;

	return c->counted[0] ? coco_sum(&c->precision[0][0][0], n) / (double)n
			     : -1;
}

static void fill_stats(const struct scoring *j, double stats[COCO_STATS])
{
	const int last = COCO_THRESHOLDS - 1;
	struct values s = { 0 };

	/* Room for the largest mean, that over all thresholds, recalls and
	 * classes. */
	s.v = fl_calloc(j->categories + 1,
			sizeof(double) * COCO_THRESHOLDS * COCO_RECALLS);
	stats[COCO_AP] = mean_precision(j, &s, 0, 0, last);
	stats[COCO_AP50] = mean_precision(j, &s, 0, 0, 0);
	stats[COCO_AP75] = mean_precision(j, &s, 0, 5, 5);
	/* The three areas stand behind AP75 and behind AR100, in the enum's
	 * order. */
	for (int a = 1; a < COCO_AREAS; a++) {
		stats[COCO_AP75 + a] = mean_precision(j, &s, a, 0, last);
		stats[COCO_AR100 + a] = mean_recall(j, &s, a, -1);
	}
	stats[COCO_AR1] = mean_recall(j, &s, 0, 0);
	stats[COCO_AR10] = mean_recall(j, &s, 0, 1);
	stats[COCO_AR100] = mean_recall(j, &s, 0, -1);
	free(s.v);
}

static void summarize(const struct scoring *j, struct coco_result *out)
{
	fill_stats(j, out->stats);
	out->curves = j->curves;
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
	struct scoring j = { 0 };
	int rc;

	*out = (struct coco_result){ 0 };
	j.ids = fl_calloc(truth->category_count + 1, sizeof(*j.ids));
	for (size_t i = 0; i < truth->category_count; i++)
		j.ids[i] = truth->categories[i].id;
	j.categories = unique(j.ids, truth->category_count);
	j.classes = fl_calloc(j.categories + 1, sizeof(*j.classes));
	rc = take_truth(&j, truth, err);
	if (rc == 0)
		rc = take_detections(&j, truth, detections, count, err);
	if (rc == 0) {
		j.curves = fl_calloc(j.categories + 1, sizeof(*j.curves));
		/* Rows of different classes: no thread writes what another
		 * reads. */
		fl_par_for(j.categories, 1, evaluate_range, &j);
		summarize(&j, out);
	}
	free(j.gt);
	free(j.by_class);
	free(j.class_start);
	free(j.ids);
	free(j.classes);
	return rc;
}

void coco_result_release(struct coco_result *r)
{
	free(r->category_ids);
	free(r->category_ap);
	free(r->curves);
	*r = (struct coco_result){ 0 };
}

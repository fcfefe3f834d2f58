/* Suppression of boxes class by class, in the reference's order of ties; called
 * by detect/detector.c for each picture. Score and index become one 64-bit key,
 * all keys differ, so any sort is the stable one: the few best are selected,
 * only they are sorted. Kept boxes lie in columns in blocks of 16, with which a
 * candidate is compared at once; 16 floats are one vector register of AVX-512
 * and two of AVX2. Early in a training hundreds of thousands of points pass the
 * threshold, and this is then most of an evaluation. */
#include "box/nms.h"

#include "base/arena.h"
#include "base/err.h"
#include "box/box.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Kept boxes are compared with in blocks of this size, whole. */
#define BLOCK 16

/* A negative limit is none. */
static size_t limited(size_t n, int limit)
{
	return limit >= 0 && (size_t)limit < n ? (size_t)limit : n;
}

void nms_init(struct nms_scratch *s, const struct nms_params *params,
	      int points, int classes)
{
	size_t per_class = limited((size_t)points, params->nms_top_k);
	size_t keys = (size_t)points;

	*s = (struct nms_scratch){ .params = *params,
				   .points = points,
				   .classes = classes };
	s->room = per_class * (size_t)classes;
	if (keys < s->room)
		keys = s->room; /* the last cut sorts all rows at once */
	s->keys = fl_calloc(keys + 1, sizeof(*s->keys));
	s->rows = fl_calloc(s->room + 1, sizeof(*s->rows));
	/* A block begins anywhere up to the last box, and is whole. */
	for (int i = 0; i < 5; i++)
		s->kept[i] = fl_calloc(per_class + BLOCK, sizeof(float));
}

void nms_release(struct nms_scratch *s)
{
	free(s->keys);
	free(s->rows);
	for (int i = 0; i < 5; i++)
		free(s->kept[i]);
	*s = (struct nms_scratch){ 0 };
}

/* A number that rises as the score falls; equal scores (0 and -0 too) by
 * index. All keys differ, so that any sort of them is the stable one. */
static uint64_t make_key(float score, size_t index)
{
	uint32_t bits;

	/* -0 becomes 0, whose bits are others. */
	score += 0.0f;
	memcpy(&bits, &score, sizeof(bits));
	bits = bits >> 31 ? bits : ~bits & 0x7FFFFFFF;
	return (uint64_t)bits << 32 | (uint32_t)index;
}

static void swap_keys(uint64_t *a, uint64_t *b)
{
	uint64_t t = *a;

	*a = *b;
	*b = t;
}

/* Quicksort's partition around the median of three; n >= 3. Returns the place
 * of the pivot: smaller keys before it, larger ones behind. */
static size_t partition(uint64_t *k, size_t n)
{
	size_t i = 0, j = n - 2;
	uint64_t pivot;

	if (k[n / 2] < k[0])
		swap_keys(&k[n / 2], &k[0]);
	if (k[n - 1] < k[0])
		swap_keys(&k[n - 1], &k[0]);
	if (k[n - 1] < k[n / 2])
		swap_keys(&k[n - 1], &k[n / 2]);
	swap_keys(&k[n / 2], &k[n - 2]);
	pivot = k[n - 2];
	for (;;) {
		while (k[++i] < pivot)
			;
		while (j > 0 && k[--j] > pivot)
			;
		if (i >= j)
			break;
		swap_keys(&k[i], &k[j]);
	}
	swap_keys(&k[i], &k[n - 2]);
	return i;
}

/* The smallest 'want' keys to the front, in any order: Hoare's selection, whose
 * cost is linear however many keys there are. Below 16 insertion sort is
 * quicker. */
static void select_keys(uint64_t *k, size_t n, size_t want)
{
	while (n > 16 && want < n) {
		size_t p = partition(k, n);

		if (want <= p) {
			n = p;
		} else {
			k += p + 1;
			n -= p + 1;
			want -= p + 1;
		}
	}
	if (want >= n)
		return;
	for (size_t i = 1; i < n; i++)
		for (size_t j = i; j > 0 && k[j] < k[j - 1]; j--)
			swap_keys(&k[j], &k[j - 1]);
}

static void sort_keys(uint64_t *k, size_t n)
{
	while (n > 16) {
		size_t p = partition(k, n), right = n - p - 1;

		/* The smaller side first bounds the depth. */
		if (p < right) {
			sort_keys(k, p);
			k += p + 1;
			n = right;
		} else {
			sort_keys(k + p + 1, right);
			n = p;
		}
	}
	for (size_t i = 1; i < n; i++) {
		uint64_t key = k[i];
		size_t j = i;

		for (; j > 0 && key < k[j - 1]; j--)
			k[j] = k[j - 1];
		k[j] = key;
	}
}

/* NaN is not above any threshold. */
static size_t take_candidates(uint64_t *keys, const float *scores, size_t n,
			      float threshold)
{
	size_t count = 0;

	for (size_t i = 0; i < n; i++)
		if (scores[i] > threshold)
			keys[count++] = make_key(scores[i], i);
	return count;
}

/* IoU of one box with a block of kept ones, as the reference's kernel computes
 * it: boxes that are apart overlap by 0, an inverted box has area 0 but sides
 * below 0, and two empty boxes that touch give 0 / 0. No branch, so that the
 * compiler makes vector code; true if any is not <= threshold, as NaN is not. */
static bool block_overlaps(const float b[4], float area, float *const kept[5],
			   size_t from, float threshold)
{
	const float *x1 = kept[0] + from, *y1 = kept[1] + from;
	const float *x2 = kept[2] + from, *y2 = kept[3] + from;
	const float *areas = kept[4] + from;
	int over = 0;

	for (int i = 0; i < BLOCK; i++) {
		float l = b[0] < x1[i] ? x1[i] : b[0];
		float t = b[1] < y1[i] ? y1[i] : b[1];
		float r = x2[i] < b[2] ? x2[i] : b[2];
		float d = y2[i] < b[3] ? y2[i] : b[3];
		float both = (r - l) * (d - t);
		float iou = both / (area + areas[i] - both);
		int apart = (x1[i] > b[2]) | (x2[i] < b[0]) | (y1[i] > b[3]) |
			    (y2[i] < b[1]);

		over |= !apart & !(iou <= threshold);
	}
	return over != 0;
}

/* The area goes along, for it is asked for once a candidate. */
static void keep_box(float *const kept[5], size_t at, const float b[4])
{
	for (int i = 0; i < 4; i++)
		kept[i][at] = b[i];
	kept[4][at] = box_area(b);
}

/* A fresh block is filled with its first box: comparing with it again changes
 * no answer. */
static void begin_block(float *const kept[5], size_t at, const float b[4])
{
	for (size_t i = at; i < at + BLOCK; i++)
		keep_box(kept, i, b);
}

/* Against all that are kept: the first block that overlaps ends it. */
static bool stays(const struct nms_scratch *s, const float b[4], size_t kept)
{
	float area = box_area(b);

	for (size_t i = 0; i < kept; i += BLOCK)
		if (block_overlaps(b, area, s->kept, i,
				   s->params.nms_threshold))
			return false;
	return true;
}

/* The class's boxes that stay, as rows behind those of the classes before. */
static void run_class(struct nms_scratch *s, const float *boxes,
		      const float *scores, size_t points, int category)
{
	size_t n = take_candidates(s->keys, scores, points,
				   s->params.score_threshold);
	size_t want = limited(n, s->params.nms_top_k), kept = 0;

	select_keys(s->keys, n, want);
	sort_keys(s->keys, want);
	for (size_t i = 0; i < want; i++) {
		uint32_t point = (uint32_t)s->keys[i];
		const float *b = boxes + 4 * (size_t)point;
		struct nms_row *row;

		if (!stays(s, b, kept))
			continue;
		if (kept % BLOCK == 0)
			begin_block(s->kept, kept, b);
		keep_box(s->kept, kept++, b);
		row = &s->rows[s->count++];
		*row = (struct nms_row){ category,
					 (int)point,
					 scores[point],
					 { b[0], b[1], b[2], b[3] } };
	}
}

/* Rows are by class and then by score: what is to stay is marked by the
 * largest key that stays, and the order remains. */
static void cut_rows(struct nms_scratch *s)
{
	size_t n = (size_t)s->count, want = limited(n, s->params.keep_top_k);
	uint64_t last;

	if (want == n)
		return;
	s->count = 0;
	if (want == 0)
		return;
	for (size_t i = 0; i < n; i++)
		s->keys[i] = make_key(s->rows[i].score, i);
	select_keys(s->keys, n, want);
	last = s->keys[0];
	for (size_t i = 1; i < want; i++)
		last = s->keys[i] > last ? s->keys[i] : last;
	for (size_t i = 0; i < n; i++)
		if (make_key(s->rows[i].score, i) <= last)
			s->rows[s->count++] = s->rows[i];
}

int nms_run(struct nms_scratch *s, const float *boxes, const float *scores,
	    size_t class_stride, int points, int classes)
{
	FL_ASSERT(points >= 0 && points <= s->points);
	FL_ASSERT(classes >= 0 && classes <= s->classes);
	s->count = 0;
	for (int c = 0; c < classes; c++)
		run_class(s, boxes, scores + (size_t)c * class_stride,
			  (size_t)points, c);
	cut_rows(s);
	return s->count;
}

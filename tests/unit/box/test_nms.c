#include "base/arena.h"
#include "base/clock.h"
#include "base/rng.h"
#include "box/box.h"
#include "box/nms.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct scene {
	int points, classes;
	float *boxes, *scores;
};

static void scene_release(struct scene *s)
{
	free(s->boxes);
	free(s->scores);
}

/* Boxes in clusters, scores on a coarse grid so that ties are common. */
static struct scene scene_make(uint64_t seed, int points, int classes,
			       double high, int grid)
{
	struct fl_rng rng = fl_rng_open(seed, FL_RNG_TEST, 0, 0);
	struct scene s = { points, classes, NULL, NULL };
	size_t n = (size_t)points;

	s.boxes = fl_calloc(n * 4 + 1, sizeof(float));
	s.scores = fl_calloc(n * (size_t)classes + 1, sizeof(float));
	for (size_t i = 0; i < n; i++) {
		float *b = s.boxes + 4 * i;
		double x = (double)fl_rng_below(&rng, 8) * 60;
		double y = (double)fl_rng_below(&rng, 8) * 60;

		b[0] = (float)(x + fl_rng_range(&rng, -9, 9));
		b[1] = (float)(y + fl_rng_range(&rng, -9, 9));
		b[2] = b[0] + (float)fl_rng_range(&rng, 30, 90);
		b[3] = b[1] + (float)fl_rng_range(&rng, 30, 90);
		if (i % 37 == 5) /* inverted, empty, twins */
			b[2] = b[0] - 3;
		if (i % 41 == 7)
			b[3] = b[1];
		if (i % 29 == 3)
			memcpy(b, b - 4, 4 * sizeof(*b));
	}
	for (size_t i = 0; i < n * (size_t)classes; i++)
		s.scores[i] =
			(float)(floor(fl_rng_range(&rng, 0, high) * grid) /
				grid);
	return s;
}

struct candidate {
	float score;
	int category, point;
};

/* Stable insertion by falling score. */
static void stable_sort(struct candidate *c, int n)
{
	for (int i = 1; i < n; i++) {
		struct candidate x = c[i];
		int j = i;

		for (; j > 0 && x.score > c[j - 1].score; j--)
			c[j] = c[j - 1];
		c[j] = x;
	}
}

/* The reference's comparison; of empty boxes that touch 0 / 0, on purpose. */
static float naive_iou(const float a[4], const float b[4])
{
	float both;

	if (b[0] > a[2] || b[2] < a[0] || b[1] > a[3] || b[3] < a[1])
		return 0;
	both = (fminf(a[2], b[2]) - fmaxf(a[0], b[0])) *
	       (fminf(a[3], b[3]) - fmaxf(a[1], b[1]));
	return both / (box_area(a) + box_area(b) - both);
}

static int naive_class(const struct scene *s, const struct nms_params *p,
		       int category, struct candidate *kept)
{
	struct candidate *all = fl_calloc((size_t)s->points + 1, sizeof(*all));
	const float *scores = s->scores + (size_t)category * (size_t)s->points;
	int n = 0, count = 0;

	for (int i = 0; i < s->points; i++)
		if (scores[i] > p->score_threshold)
			all[n++] = (struct candidate){ scores[i], category, i };
	stable_sort(all, n);
	if (p->nms_top_k >= 0 && n > p->nms_top_k)
		n = p->nms_top_k;
	for (int i = 0; i < n; i++) {
		bool keep = true;

		for (int k = 0; k < count && keep; k++)
			keep = naive_iou(s->boxes + 4 * all[i].point,
					 s->boxes + 4 * kept[k].point) <=
			       p->nms_threshold;
		if (keep)
			kept[count++] = all[i];
	}
	free(all);
	return count;
}

/* The definition, step by step, with stable sorts of everything. */
static int naive(const struct scene *s, const struct nms_params *p,
		 struct candidate *out)
{
	size_t room = (size_t)s->points * (size_t)s->classes + 1;
	struct candidate *best = fl_calloc(room, sizeof(*best));
	int n = 0, count = 0;

	for (int c = 0; c < s->classes; c++)
		n += naive_class(s, p, c, out + n);
	if (p->keep_top_k >= 0 && n > p->keep_top_k) {
		memcpy(best, out, (size_t)n * sizeof(*best));
		stable_sort(best, n);
		for (int c = 0; c < s->classes; c++)
			for (int i = 0; i < p->keep_top_k; i++)
				if (best[i].category == c)
					out[count++] = best[i];
		n = count;
	}
	free(best);
	return n;
}

static void compare(const struct scene *s, const struct nms_params *p)
{
	size_t room = (size_t)s->points * (size_t)s->classes + 1;
	struct candidate *want = fl_calloc(room, sizeof(*want));
	struct nms_scratch scratch;
	int n = naive(s, p, want);

	nms_init(&scratch, p, s->points, s->classes);
	assert_int_equal(nms_run(&scratch, s->boxes, s->scores,
				 (size_t)s->points, s->points, s->classes),
			 n);
	for (int i = 0; i < n; i++) {
		const struct nms_row *row = &scratch.rows[i];

		assert_int_equal(row->category, want[i].category);
		assert_int_equal(row->point, want[i].point);
		assert_memory_equal(&row->score, &want[i].score, 4);
		assert_memory_equal(row->box, s->boxes + 4 * row->point, 16);
	}
	nms_release(&scratch);
	free(want);
}

static void equals_definition(void **state)
{
	static const struct nms_params params[] = {
		{ 0.01f, 0.7f, 1000, 300 }, { 0.3f, 0.5f, 50, 20 },
		{ 0.01f, 0.7f, -1, -1 },    { -1.0f, 0.3f, 200, 100 },
		{ 0.5f, 0.0f, 30, 5 },	    { 0.01f, 1.0f, 100, 1000 },
		{ 0.01f, 0.7f, 0, 300 },    { 0.01f, 0.7f, 1000, 0 },
		{ 0.25f, 0.6f, 1, 1 },
	};

	(void)state;
	for (size_t k = 0; k < sizeof(params) / sizeof(params[0]); k++)
		for (int i = 0; i < 6; i++) {
			struct scene s = scene_make(
				(uint64_t)(10 * k) + (uint64_t)i, 1 + i * 90,
				1 + i % 4, 1, i % 2 ? 20 : 100000);

			compare(&s, &params[k]);
			scene_release(&s);
		}
}

static void thresholds_are_strict(void **state)
{
	/* IoU of the two: 1/2 exactly, scores exactly at the threshold */
	float boxes[12] = { 0, 0, 2, 2, 0, 0, 2, 1, 5, 5, 6, 6 };
	float scores[3] = { 0.5f, 0.25f, 0.125f };
	struct nms_params p = { 0.125f, 0.5f, 10, 10 };
	struct nms_scratch s;

	(void)state;
	nms_init(&s, &p, 3, 1);
	assert_int_equal(nms_run(&s, boxes, scores, 3, 3, 1), 2);
	assert_int_equal(s.rows[1].point, 1);
	scores[2] = 0.126f;
	assert_int_equal(nms_run(&s, boxes, scores, 3, 3, 1), 3);
	boxes[7] = 1.001f;
	assert_int_equal(nms_run(&s, boxes, scores, 3, 3, 1), 2);
	scores[1] = NAN;
	assert_int_equal(nms_run(&s, boxes, scores, 3, 3, 1), 2);
	assert_int_equal(s.rows[1].point, 2);
	assert_int_equal(nms_run(&s, boxes, scores, 3, 0, 1), 0);
	nms_release(&s);
}

static void odd_boxes(void **state)
{
	float boxes[24] = {
		0,   0,	  10,  10, /* beside the next: touching counts nothing */
		10,  0,	  20,  10,  30,
		30,  30,  30, /* empty twins: 0 / 0, the second goes */
		30,  30,  30,  30,  9,
		1,   1,	  9, /* inverted: area 0, overlap below 0, stays */
		NAN, NAN, NAN, NAN, /* meets the first: not <=, goes */
	};
	float scores[6] = { 0.9f, 0.8f, 0.7f, 0.6f, 0.5f, 0.4f };
	struct nms_params p = { 0.01f, 0.7f, 1000, 300 };
	struct nms_scratch s;
	float clipped[4] = { -3, 2, 700, 500 };

	(void)state;
	nms_init(&s, &p, 6, 1);
	assert_int_equal(nms_run(&s, boxes, scores, 6, 6, 1), 4);
	assert_int_equal(s.rows[0].point, 0);
	assert_int_equal(s.rows[1].point, 1);
	assert_int_equal(s.rows[2].point, 2);
	assert_int_equal(s.rows[3].point, 4);
	nms_release(&s);
	box_clip(clipped, 640, 480);
	assert_true(clipped[0] == 0 && clipped[1] == 2 && clipped[2] == 640 &&
		    clipped[3] == 480);
}

/* Early training: nearly everything is a candidate. */
static void crowd_is_fast(void **state)
{
	struct scene s = scene_make(5, 8400, 80, 0.2, 1 << 24);
	struct nms_params p = { 0.01f, 0.7f, 1000, 300 };
	struct nms_scratch scratch;
	double took;

	(void)state;
	nms_init(&scratch, &p, s.points, s.classes);
	took = fl_now_s();
	assert_int_equal(nms_run(&scratch, s.boxes, s.scores, (size_t)s.points,
				 s.points, s.classes),
			 300);
	took = fl_now_s() - took;
	printf("%.1f ms for %d points of %d classes above the threshold\n",
	       took * 1e3, s.points, s.classes);
	nms_release(&scratch);
	scene_release(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(equals_definition),
		cmocka_unit_test(thresholds_are_strict),
		cmocka_unit_test(odd_boxes),
		cmocka_unit_test(crowd_is_fast),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

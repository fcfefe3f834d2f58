/* NMS against Paddle's multiclass_nms3 (cases of make_nms.py), row by row; and
 * the reference's recorded detections, which must pass through unchanged. */
#include "base/arena.h"
#include "base/file.h"
#include "box/nms.h"
#include "text/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES "tests/golden/nms.json"
#define RECORDED "../shared/oracle/golden/eval/micro-trained-320.json"

static double number(const struct json *row, size_t i)
{
	double v;

	assert_true(json_real_of(json_at(row, i), &v));
	return v;
}

/* All values of an array of arrays, one after another. */
static float *flatten(const struct json *rows)
{
	size_t n = 0, at = 0;
	float *out;

	for (size_t i = 0; i < json_count(rows); i++)
		n += json_count(json_at(rows, i));
	out = fl_calloc(n + 1, sizeof(*out));
	for (size_t i = 0; i < json_count(rows); i++)
		for (size_t k = 0; k < json_count(json_at(rows, i)); k++)
			out[at++] = (float)number(json_at(rows, i), k);
	return out;
}

static void compare_rows(const struct json *rows, const struct nms_scratch *s,
			 const char *name)
{
	float *want = flatten(rows);

	if ((size_t)s->count != json_count(rows))
		fail_msg("%s: %d rows, Paddle has %zu", name, s->count,
			 json_count(rows));
	for (int i = 0; i < s->count; i++) {
		const struct nms_row *r = &s->rows[i];
		const float *w = want + 6 * i;

		if ((float)r->category != w[0] ||
		    memcmp(&r->score, &w[1], sizeof(float)) != 0 ||
		    memcmp(r->box, &w[2], sizeof(r->box)) != 0)
			fail_msg("%s: row %d differs", name, i);
	}
	free(want);
}

static void check_case(const struct json *c)
{
	const struct json *p = json_get(c, "params");
	struct nms_params params = { (float)number(p, 0), (float)number(p, 1),
				     (int)number(p, 2), (int)number(p, 3) };
	int classes = (int)json_count(json_get(c, "scores"));
	int points = (int)json_count(json_get(c, "boxes"));
	float *boxes = flatten(json_get(c, "boxes"));
	float *scores = flatten(json_get(c, "scores"));
	struct nms_scratch s;
	const char *name;

	assert_true(json_text(json_get(c, "name"), &name));
	nms_init(&s, &params, points, classes);
	nms_run(&s, boxes, scores, (size_t)points, points, classes);
	compare_rows(json_get(c, "rows"), &s, name);
	nms_release(&s);
	free(boxes);
	free(scores);
}

static void cases(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *all = json_read(CASES, &err);

	(void)state;
	assert_non_null(all);
	assert_true(json_count(all) >= 9);
	for (size_t i = 0; i < json_count(all); i++)
		check_case(json_at(all, i));
	json_free(all);
}

/* The detections as the only candidates, from last to first but equal scores
 * in their order: all of them stay, and come out as recorded. */
static void check_recorded(const struct json *rows)
{
	struct nms_params params = { 0.01f, 0.7f, 1000, 300 };
	int n = (int)json_count(rows), at = 0;
	float *flat = flatten(rows);
	float *boxes = fl_calloc((size_t)n + 1, 4 * sizeof(float));
	float *scores = fl_calloc((size_t)n + 1, 3 * sizeof(float));
	struct nms_scratch s;

	for (int end = n, i; end > 0; end = i) {
		for (i = end - 1; i > 0; i--)
			if (memcmp(flat + 6 * i, flat + 6 * (i - 1), 8) != 0)
				break;
		for (int k = i; k < end; k++, at++) {
			const float *row = flat + 6 * k;

			scores[(int)row[0] * n + at] = row[1];
			memcpy(boxes + 4 * at, row + 2, 4 * sizeof(float));
		}
	}
	nms_init(&s, &params, n, 3);
	nms_run(&s, boxes, scores, (size_t)n, n, 3);
	compare_rows(rows, &s, "recorded");
	nms_release(&s);
	free(flat);
	free(boxes);
	free(scores);
}

static void recorded(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *root;
	const struct json *images;

	(void)state;
	if (!fl_exists(RECORDED)) {
		printf("skipped: %s is not here\n", RECORDED);
		skip();
	}
	root = json_read(RECORDED, &err);
	images = json_get(root, "images");
	assert_int_equal(json_count(images), 24);
	for (size_t i = 0; i < json_count(images); i++)
		check_recorded(json_get(json_at(images, i), "detections"));
	json_free(root);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(recorded),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

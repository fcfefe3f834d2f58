/* The COCO evaluator against pycocotools: cases with ties, crowds, odd ids,
 * empty sets and limits, made by make_cocoeval.py; and a real model's
 * detections: equal to the last bit. Also that detections survive being written and read. */
#include "base/file.h"
#include "base/par.h"
#include "eval/coco_detections.h"
#include "eval/coco_json.h"
#include "support/scratch.h"
#include "text/json.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES "tests/golden/cocoeval.json"
#define TRAINED "../shared/oracle/golden/trained/bccd_s_256_60e"
#define TRUTH "../shared/data/bccd/annotations/val.json"

static void same(const char *what, double got, double want)
{
	if (memcmp(&got, &want, sizeof(got)) != 0)
		fail_msg("%s is %.17g, pycocotools says %.17g", what, got,
			 want);
}

/* Two files in, a result out. */
static void score(const char *gt, const char *dt, struct coco_result *result)
{
	struct annotations truth;
	struct coco_detections found;
	struct fl_str said = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(annotations_read(gt, &truth, &err), 0);
	assert_int_equal(coco_detections_read(dt, &found, &err), 0);
	assert_int_equal(coco_detections_join(&found, &truth, &said, &err), 0);
	assert_int_equal(said.len, 0);
	assert_int_equal(
		coco_evaluate(&truth, found.list, found.count, result, &err),
		0);
	coco_detections_release(&found);
	annotations_release(&truth);
}

/* The curves that a run's page draws: the area below them is AP50. */
static void compare_curves(const struct coco_result *result)
{
	double sum = 0;
	int counted = 0;

	for (size_t i = 0; i < result->category_count; i++) {
		const struct curve *c = &result->curves[i];

		if (c->truths == 0)
			continue;
		counted++;
		for (int r = 0; r < CURVE_POINTS; r++)
			sum += c->precision[r] / CURVE_POINTS;
	}
	if (counted)
		assert_true(fabs(sum / counted - result->stats[COCO_AP50]) <
			    1e-9);
	else
		assert_true(result->stats[COCO_AP50] == -1);
}

static void compare(const struct json *c, const struct coco_result *result)
{
	const struct json *stats = json_get(c, "stats");
	const struct json *per = json_get(c, "per_class");
	char what[200];
	const char *name;
	double want;

	assert_true(json_text(json_get(c, "name"), &name));
	assert_int_equal(json_count(stats), COCO_STATS);
	for (size_t i = 0; i < COCO_STATS; i++) {
		assert_true(json_real_of(json_at(stats, i), &want));
		snprintf(what, sizeof(what), "%s: %s", name,
			 coco_stat_names[i]);
		same(what, result->stats[i], want);
	}
	assert_int_equal(json_count(per), result->category_count);
	for (size_t i = 0; i < result->category_count; i++) {
		assert_true(json_real_of(json_at(per, i), &want));
		snprintf(what, sizeof(what), "%s: class %zu", name, i);
		same(what, result->category_ap[i], want);
	}
	compare_curves(result);
}

static void cases(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *all = json_read(CASES, &err);

	(void)state;
	assert_non_null(all);
	assert_true(json_count(all) >= 20);
	for (size_t i = 0; i < json_count(all); i++) {
		struct json *c = json_at(all, i);
		const char *gt = scratch_path("gt.json");
		const char *dt = scratch_path("dt.json");
		struct coco_result result;

		assert_int_equal(json_write(json_get(c, "gt"), gt, &err), 0);
		assert_int_equal(json_write(json_get(c, "dt"), dt, &err), 0);
		score(gt, dt, &result);
		compare(c, &result);
		coco_result_release(&result);
	}
	json_free(all);
}

/* Renamed and in another order the same; that is not so by itself. */
static void order_of_images_does_not_matter(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *all = json_read(CASES, &err);
	struct json *c = json_at(all, 0);
	const char *gt = scratch_path("gt.json");
	const char *dt = scratch_path("dt.json");
	struct coco_detections found;
	struct coco_detection *d;
	struct coco_result result;
	size_t n;

	(void)state;
	assert_int_equal(json_write(json_get(c, "gt"), gt, &err), 0);
	assert_int_equal(json_write(json_get(c, "dt"), dt, &err), 0);
	assert_int_equal(coco_detections_read(dt, &found, &err), 0);
	d = found.list;
	n = found.count;
	assert_true(n > 10);
	for (size_t i = 0; i < n / 2; i++) {
		struct coco_detection t = d[i];

		d[i] = d[n - 1 - i];
		d[n - 1 - i] = t;
	}
	/* no two scores are equal in this case */
	assert_int_equal(coco_detections_write(dt, d, n, NULL, NULL, &err), 0);
	score(gt, dt, &result);
	compare(c, &result);
	coco_result_release(&result);
	coco_detections_release(&found);
	json_free(all);
}

static void compare_trained(const struct json *want, const struct json *got)
{
	const struct json *stats = json_get(want, "stats");
	const struct json *classes = json_get(want, "ap_per_class");
	double a, b;

	assert_int_equal(json_count(stats), COCO_STATS);
	for (void *it = json_first(stats); it; it = json_next(stats, it)) {
		assert_true(json_real_of(json_value(it), &a));
		assert_true(json_real_of(json_get(got, json_key(it)), &b));
		same(json_key(it), b, a);
	}
	got = json_get(got, "ap_per_class");
	for (void *it = json_first(classes); it; it = json_next(classes, it)) {
		assert_true(json_real_of(json_value(it), &a));
		assert_true(json_real_of(json_get(got, json_key(it)), &b));
		same(json_key(it), b, a);
	}
}

static void trained_model(void **state)
{
	const char *out = scratch_path("score.json");
	struct fl_err err = FL_ERR_INIT;
	struct annotations truth;
	struct coco_detections found;
	struct coco_result result;
	struct json *want, *got;

	(void)state;
	if (!fl_exists(TRAINED ".eval.json") || !fl_exists(TRUTH)) {
		printf("skipped: %s.* and %s are not here\n", TRAINED, TRUTH);
		skip();
	}
	assert_int_equal(annotations_read(TRUTH, &truth, &err), 0);
	assert_int_equal(
		coco_detections_read(TRAINED ".bbox.json", &found, &err), 0);
	assert_int_equal(found.count, 21600);
	assert_int_equal(
		coco_evaluate(&truth, found.list, found.count, &result, &err),
		0);
	assert_int_equal(
		coco_result_write(out, &truth, found.count, &result, &err), 0);
	want = json_read(TRAINED ".eval.json", &err);
	got = json_read(out, &err);
	assert_non_null(want);
	assert_non_null(got);
	compare_trained(want, got);
	json_free(want);
	json_free(got);
	coco_result_release(&result);
	coco_detections_release(&found);
	annotations_release(&truth);
}

/* Our bbox.json is the reference's, byte for byte. */
static void written_as_the_reference_does(void **state)
{
	const char *out = scratch_path("bbox.json");
	struct fl_err err = FL_ERR_INIT;
	struct fl_map a, b;
	struct coco_detections found;

	(void)state;
	if (!fl_exists(TRAINED ".bbox.json")) {
		printf("skipped: %s.bbox.json is not here\n", TRAINED);
		skip();
	}
	assert_int_equal(
		coco_detections_read(TRAINED ".bbox.json", &found, &err), 0);
	assert_int_equal(coco_detections_write(out, found.list, found.count,
					       NULL, NULL, &err),
			 0);
	assert_int_equal(fl_map_open(&a, TRAINED ".bbox.json", &err), 0);
	assert_int_equal(fl_map_open(&b, out, &err), 0);
	assert_int_equal(a.size, b.size);
	assert_memory_equal(a.data, b.data, a.size);
	fl_map_close(&a);
	fl_map_close(&b);
	coco_detections_release(&found);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(order_of_images_does_not_matter),
		cmocka_unit_test(trained_model),
		cmocka_unit_test(written_as_the_reference_does),
	};

	fl_par_init(3);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

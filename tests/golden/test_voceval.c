/* The VOC metric against PaddleDetection's own, cases of make_voceval.py: in
 * one go, and with the images shared out to three that are merged. */
#include "base/arena.h"
#include "eval/voc_eval.h"
#include "text/json.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define CASES "tests/golden/voceval.json"

static double real_at(const struct json *row, size_t i)
{
	double v;

	assert_true(json_real_of(json_at(row, i), &v));
	return v;
}

static struct voc_box *read_boxes(const struct json *rows, bool truth)
{
	size_t n = json_count(rows);
	struct voc_box *b = fl_calloc(n + 1, sizeof(*b));

	for (size_t i = 0; i < n; i++) {
		const struct json *row = json_at(rows, i);

		b[i].category = (int)real_at(row, 0);
		if (truth)
			b[i].difficult = real_at(row, 1) != 0;
		else
			b[i].score = (float)real_at(row, 1);
		for (size_t k = 0; k < 4; k++)
			b[i].box[k] = (float)real_at(row, 2 + k);
	}
	return b;
}

/* Images first, first + step, ... */
static void add_images(struct voc_metric *m, const struct json *images,
		       size_t first, size_t step)
{
	struct fl_err err = FL_ERR_INIT;

	for (size_t i = first; i < json_count(images); i += step) {
		const struct json *im = json_at(images, i);
		struct voc_box *dt = read_boxes(json_get(im, "dt"), false);
		struct voc_box *gt = read_boxes(json_get(im, "gt"), true);

		assert_int_equal(
			voc_add_image(m, (int)i, dt,
				      json_count(json_get(im, "dt")), gt,
				      json_count(json_get(im, "gt")), &err),
			0);
		free(dt);
		free(gt);
	}
}

static void open_metric(struct voc_metric *m, const struct json *c,
			enum voc_type type)
{
	int64_t classes;
	double overlap;
	bool hard;

	assert_true(json_int(json_get(c, "classes"), &classes));
	assert_true(json_real_of(json_get(c, "overlap"), &overlap));
	assert_true(json_bool(json_get(c, "evaluate_difficult"), &hard));
	voc_init(m, (int)classes, overlap, type, hard);
}

static void compare(const struct json *c, struct voc_metric *m, const char *key)
{
	const char *name;
	double want, got = voc_score(m, NULL);

	assert_true(json_text(json_get(c, "name"), &name));
	assert_true(json_real_of(json_get(c, key), &want));
	if (memcmp(&got, &want, sizeof(got)) != 0)
		fail_msg("%s: %s is %.17g, the reference says %.17g", name, key,
			 got, want);
}

static void check_case(const struct json *c, enum voc_type type,
		       const char *key)
{
	const struct json *images = json_get(c, "images");
	struct voc_metric all, part;

	open_metric(&all, c, type);
	add_images(&all, images, 0, 1);
	compare(c, &all, key);
	voc_release(&all);

	open_metric(&all, c, type);
	for (size_t rank = 3; rank-- > 0;) {
		open_metric(&part, c, type);
		add_images(&part, images, rank, 3);
		voc_merge(&all, part.hits, part.count, part.truths);
		voc_release(&part);
	}
	compare(c, &all, key);
	voc_release(&all);
}

static void cases(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct json *all = json_read(CASES, &err);

	(void)state;
	assert_non_null(all);
	assert_true(json_count(all) >= 12);
	for (size_t i = 0; i < json_count(all); i++) {
		check_case(json_at(all, i), VOC_11POINT, "map_11point");
		check_case(json_at(all, i), VOC_INTEGRAL, "map_integral");
	}
	json_free(all);
}

static void per_class_and_errors(void **state)
{
	struct voc_box gt = { .category = 1, .box = { 0, 0, 9, 9 } };
	struct voc_box dt = gt;
	struct fl_err err = FL_ERR_INIT;
	struct voc_metric m;
	double ap[3];

	(void)state;
	dt.score = 0.5f;
	voc_init(&m, 3, 0.5, VOC_11POINT, false);
	assert_int_equal(voc_add_image(&m, 0, &dt, 1, &gt, 1, &err), 0);
	assert_true(voc_score(&m, ap) == 1);
	assert_true(ap[0] == -1 && ap[1] == 1 && ap[2] == -1);
	dt.category = 3;
	assert_int_equal(voc_add_image(&m, 8, &dt, 1, &gt, 1, &err), FL_EDATA);
	assert_string_equal(err.text,
			    "detection 0 of image 8 has class 3, but classes "
			    "are 0 to 2");
	gt.category = -1;
	assert_int_equal(voc_add_image(&m, 8, &dt, 0, &gt, 1, &err), FL_EDATA);
	voc_release(&m);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(cases),
		cmocka_unit_test(per_class_and_errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

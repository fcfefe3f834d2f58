/* Broken and odd annotation and detection files, by mutation: reading either
 * succeeds or ends with FL_EDATA and a sentence, and what was read can be
 * scored or is refused the same way. */
#include "base/rng.h"
#include "eval/coco_detections.h"
#include "support/scratch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define ROUNDS 1500

static const char truth_text[] =
	"{\"images\":[{\"id\":1,\"file_name\":\"a.jpg\",\"width\":9,\"height\":"
	"9},{\"id\":2,\"file_name\":\"b\\u00e4.jpg\",\"width\":9.5,\"height\":"
	"9}],\"categories\":[{\"id\":1,\"name\":\"x\"},{\"id\":3}],"
	"\"annotations\":[{\"id\":1,\"image_id\":1,\"category_id\":1,\"bbox\":"
	"[0,0,4,4],\"area\":16,\"iscrowd\":0},{\"id\":2,\"image_id\":2,"
	"\"category_id\":3,\"bbox\":[1,1,4e0,4],\"area\":16.5,\"iscrowd\":1,"
	"\"segmentation\":[[1,2,3]]}]}";
static const char detection_text[] =
	"[{\"image_id\":1,\"category_id\":1,\"bbox\":[0,0,4,4],\"score\":0.5},"
	"{\"image_id\":2,\"category_id\":3,\"bbox\":[1,1,4,4.25],\"score\":1e-"
	"2,\"x\":{\"y\":[null]}}]";

/* A few bytes changed, moved, doubled or cut. */
static size_t mutate(struct fl_rng *rng, const char *seed, size_t n, char *out)
{
	static const char alphabet[] = "{}[]\",:0123456789.-eEtfn\\uNI x\x80";
	size_t edits = fl_rng_below(rng, 4);

	memcpy(out, seed, n);
	for (size_t k = 0; k < edits; k++) {
		size_t at = fl_rng_below(rng, n), from = fl_rng_below(rng, n);
		size_t len = fl_rng_below(rng, 12);

		if (fl_rng_below(rng, 2)) {
			out[at] = alphabet[fl_rng_below(rng,
							sizeof(alphabet) - 1)];
		} else if (at + len <= n && from + len <= n) {
			memmove(out + at, out + from, len);
		}
	}
	return fl_rng_below(rng, 8) ? n : fl_rng_below(rng, n);
}

static int expect_sane(int rc, struct fl_err *err)
{
	if (rc != 0) {
		assert_int_equal(rc, FL_EDATA);
		assert_int_equal(err->code, FL_EDATA);
		assert_true(strlen(err->text) > 10);
	}
	return rc;
}

static bool score(const char *gt, const char *dt)
{
	struct annotations truth;
	struct coco_detections found;
	struct coco_result result;
	struct fl_str said = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	int rc;

	if (expect_sane(annotations_read(gt, &truth, &err), &err) != 0)
		return false;
	err = (struct fl_err)FL_ERR_INIT;
	rc = expect_sane(coco_detections_read(dt, &found, &err), &err);
	if (rc == 0) {
		rc = expect_sane(
			coco_detections_join(&found, &truth, &said, &err),
			&err);
		coco_explain_truth(&truth, &said);
		coco_explain_categories(&truth, found.list, found.count, &found,
					&said);
		fl_str_release(&said);
	}
	if (rc == 0) {
		rc = expect_sane(coco_evaluate(&truth, found.list, found.count,
					       &result, &err),
				 &err);
		for (int i = 0; rc == 0 && i < COCO_STATS; i++)
			assert_true(
				result.stats[i] == -1 ||
				(result.stats[i] >= 0 && result.stats[i] <= 1));
		coco_result_release(&result);
	}
	coco_detections_release(&found);
	annotations_release(&truth);
	return rc == 0;
}

static void mutations(void **state)
{
	char text[sizeof(truth_text) + sizeof(detection_text)];
	struct fl_rng rng = fl_rng_open(9, FL_RNG_TEST, 0, 0);
	int good = 0;

	(void)state;
	for (int i = 0; i < ROUNDS; i++) {
		const char *gt, *dt;
		size_t n = sizeof(truth_text) - 1;

		memcpy(text, truth_text, n);
		if (i % 2)
			n = mutate(&rng, truth_text, n, text);
		gt = scratch_file("gt.json", text, n);
		n = sizeof(detection_text) - 1;
		memcpy(text, detection_text, n);
		if (i % 2 == 0 || i % 8 == 1)
			n = mutate(&rng, detection_text, n, text);
		dt = scratch_file("dt.json", text, n);
		good += score(gt, dt);
	}
	assert_true(good > ROUNDS / 8 && good < ROUNDS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mutations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

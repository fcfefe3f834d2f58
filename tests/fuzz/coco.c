/* COCO annotations and detections: parts of the input are the file of truth and,
 * where there is a second part, a file of detections, which is joined and scored. */
#include "fuzz/fuzz.h"

#include "eval/coco_detections.h"

#include <math.h>

static void score(const struct annotations *truth, struct coco_detections *d)
{
	struct fl_str said = FL_STR_INIT;
	struct fl_err err = FL_ERR_INIT;
	struct coco_result result = { 0 };
	int rc = coco_detections_join(d, truth, &said, &err);

	fuzz_check_error(rc, &err);
	coco_explain_truth(truth, &said);
	coco_explain_categories(truth, d->list, d->count, d, &said);
	coco_explain_boxes(truth, d->list, d->count, &said);
	fl_str_release(&said);
	/* More categories than this are slow, not wrong. */
	if (rc != 0 || truth->category_count > 64)
		return;
	rc = coco_evaluate(truth, d->list, d->count, &result, &err);
	fuzz_check_error(rc, &err);
	for (int i = 0; rc == 0 && i < COCO_STATS; i++)
		FUZZ_CHECK(result.stats[i] == -1 ||
			   (result.stats[i] >= 0 && result.stats[i] <= 1));
	coco_result_release(&result);
}

static void look(const struct annotations *a)
{
	struct fl_str said = FL_STR_INIT;
	char buf[256];

	for (size_t i = 0; i < a->box_count; i++) {
		const struct annotation_box *b = &a->boxes[i];

		FUZZ_CHECK(b->image >= -1 && b->image < (int)a->image_count);
		FUZZ_CHECK(b->category >= -1 &&
			   b->category < (int)a->category_count);
		if (!b->has_bbox)
			annotations_fault(a, b, buf, sizeof(buf));
	}
	annotations_id_faults(a);
	annotations_explain(a, &said);
	annotations_explain_boxes(a, &said);
	fl_str_release(&said);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_parts p = { .at = data, .end = data + size };
	struct coco_detections found = { 0 };
	struct fl_err err = FL_ERR_INIT;
	struct annotations truth = { 0 };
	int rc, more;

	fuzz_next(&p);
	rc = annotations_read(fuzz_file("truth.json", p.data, p.size), &truth,
			      &err);
	fuzz_check_error(rc, &err);
	if (rc == 0)
		look(&truth);
	more = fuzz_next(&p);
	if (more) {
		int read;

		err = (struct fl_err)FL_ERR_INIT;
		read = coco_detections_read(
			fuzz_file("found.json", p.data, p.size), &found, &err);
		fuzz_check_error(read, &err);
		if (rc == 0 && read == 0)
			score(&truth, &found);
		coco_detections_release(&found);
	}
	annotations_release(&truth);
	return 0;
}

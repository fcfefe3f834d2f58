/* coco_detections.h - a file of detections, and its place in the ground truth.
 *
 * What COCO's tools and the reference's bbox.json hold: an array of
 *     {"image_id": 5, "category_id": 1, "bbox": [x, y, w, h], "score": 0.5}
 * with other keys passed over. Ids may be texts. An object with such an array
 * under "annotations", "predictions", "detections" or "results" is read too,
 * with its own "images" and "categories" (FiftyOne and Datumaro write that).
 * "file_name" alone stands for image_id, "category_name" alone for category_id.
 * The streaming reader takes half a million in a fraction of a second.
 *
 * Ownership: everything belongs to the struct.
 */
#ifndef FL_EVAL_COCO_DETECTIONS_H
#define FL_EVAL_COCO_DETECTIONS_H

#include "eval/coco_eval.h"

#include <stddef.h>

#define COCO_NO_ID INT64_MAX /* of a detection that states none */

/* What a detection says of itself beside its ids; NULL where it does not. */
struct coco_said {
	const char *file, *category;
};

struct coco_detections {
	struct coco_detection *list;
	size_t count;
	struct text_ids ids;	/* until joined */
	struct coco_said *said; /* of each; NULL: none says anything */
	bool has_own;		/* images or categories of its own are listed */
	struct annotations own;
	struct fl_arena arena;
};

/* An empty array is no error here. FL_EDATA: a file that cannot be opened;
 * otherwise the detection (from 0), byte and line are named: json that is
 * broken, a key that is missing or twice, a value of the wrong kind or not
 * finite. */
int coco_detections_read(const char *path, struct coco_detections *out,
			 struct fl_err *err);
void coco_detections_release(struct coco_detections *d);

/* Give every detection the ids of the ground truth. Image ids that match are
 * taken as pycocotools takes them. Where one does not, or the file name beside
 * it is another image's, all are joined by file name: whole, by its last part,
 * or without its ending. Categories go by
 * id; by name where a text is no id or the file lists its own. What was done is
 * a line in 'said' for each kind. FL_EDATA: a detection of no image. */
int coco_detections_join(struct coco_detections *d,
			 const struct annotations *truth, struct fl_str *said,
			 struct fl_err *err);

/* Lines, added to 'out', on what makes a score other than one expects: ids
 * that repeat or are 0, images that are not listed, nothing to measure against,
 * files of LVIS; categories that are not listed; boxes that are no x, y, width,
 * height in pixels, and images without a detection. */
void coco_explain_truth(const struct annotations *truth, struct fl_str *out);
/* d, where it is not NULL: what the detections say beside their ids. */
void coco_explain_categories(const struct annotations *truth,
			     const struct coco_detection *found, size_t count,
			     const struct coco_detections *d,
			     struct fl_str *out);
void coco_explain_boxes(const struct annotations *truth,
			const struct coco_detection *found, size_t count,
			struct fl_str *out);

#endif

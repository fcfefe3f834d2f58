/* coco_json.h - detections and scores as files.
 *
 * A file of detections is what COCO's tools and the reference's bbox.json
 * hold: an array of
 *     {"image_id": 5, "category_id": 1, "bbox": [x, y, w, h], "score": 0.5}
 * with other keys passed over. It is read by the streaming reader, so half a
 * million of them take a fraction of a second.
 */
#ifndef FL_EVAL_COCO_JSON_H
#define FL_EVAL_COCO_JSON_H

#include "eval/coco_eval.h"

#include <stddef.h>

/* The caller frees *out. An empty array is no error here. FL_EDATA: a file that
 * cannot be opened; otherwise the detection (from 0) and the byte are named:
 * json that is broken, a key that is missing or twice, a value of the wrong
 * kind or not finite. */
int coco_detections_read(const char *path, struct coco_detection **out,
			 size_t *count, struct fl_err *err);

/* bbox.json as the reference writes it, numbers with all their digits; the
 * file is whole or not there. */
int coco_detections_write(const char *path, const struct coco_detection *d,
			  size_t count, struct fl_err *err);

/* The keys of coco_stat_names in an object, "ap" first, then "ap_per_class":
 * AP by name of the category ("name (id)" where names repeat), then "images",
 * "annotations" and "detections": how many there were. */
int coco_result_write(const char *path, const struct annotations *truth,
		      size_t detections, const struct coco_result *result,
		      struct fl_err *err);

#endif

/* coco_json.h - detections and scores on their way to disk. */
#ifndef FL_EVAL_COCO_JSON_H
#define FL_EVAL_COCO_JSON_H

#include "eval/coco_eval.h"

#include <stddef.h>

/* bbox.json as the reference writes it, numbers with all their digits; the
 * file is whole or not there. ids: texts of the ids, or NULL where all are
 * numbers. files, where not NULL: the file name of image id i is files[i] and
 * stands in each detection. */
int coco_detections_write(const char *path, const struct coco_detection *d,
			  size_t count, const struct text_ids *ids,
			  const char *const *files, struct fl_err *err);

/* The keys of coco_stat_names in an object, "ap" first, then "ap_per_class":
 * AP by name of the category ("name (id)" where names repeat), then "images",
 * "annotations" and "detections": how many there were. */
int coco_result_write(const char *path, const struct annotations *truth,
		      size_t detections, const struct coco_result *result,
		      struct fl_err *err);

#endif

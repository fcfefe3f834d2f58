/* options.h - what a recipe says about evaluation: whose weights, and how
 * detections are scored.
 */
#ifndef FL_DETECT_OPTIONS_H
#define FL_DETECT_OPTIONS_H

#include "config/recipe.h"
#include "eval/voc_eval.h"

#define METRIC_WORDS "COCO|VOC"
enum metric {
	METRIC_COCO,
	METRIC_VOC
};

#define MAP_TYPE_WORDS "11point|integral" /* as enum voc_type */

struct detect_options {
	const char *weights; /* of eval and infer; "": none */
	enum metric metric;
	enum voc_type map_type; /* of METRIC_VOC */
};

extern const struct recipe_part detect_part;
const struct detect_options *detect_options(const struct recipe *recipe);

#endif

/* The part of a recipe that evaluation reads: the metric and its settings, and
 * keys of the reference's evaluation that are taken or refused for their
 * meaning here. registry/lists.c adds it to the parts that config/ reads. */
#include "detect/options.h"

#define F(field) offsetof(struct detect_options, field)

static const struct recipe_row rows[] = {
	{ "metric", ROW_WORD, F(metric), 0, 0, 0, "COCO", METRIC_WORDS,
	  "how detections are scored" },
	{ "map_type", ROW_WORD, F(map_type), 0, 0, 0, "11point", MAP_TYPE_WORDS,
	  "of the VOC metric" },
	{ "weights", ROW_TEXT, F(weights), 0, 0, 0, "''", NULL,
	  "weights for eval and infer: file, prefix or run folder" },
	{ "save_prediction_only", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "an option of 'flotilla eval'" },
	{ "bias", ROW_REFUSED, 0, 0, 0, 0, "false", NULL,
	  "the width of a box is xmax - xmin" },
};

const struct recipe_part detect_part = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct detect_options),
};

const struct detect_options *detect_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &detect_part);
}

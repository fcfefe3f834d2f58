/* coco_join_priv.h - between the two halves of the join; for src/eval. */
#ifndef FL_EVAL_COCO_JOIN_PRIV_H
#define FL_EVAL_COCO_JOIN_PRIV_H

#include "eval/coco_detections.h"

/* Images by a text: rising, several of one text allowed. */
struct by_text {
	struct keyed {
		const char *text;
		int image;
	} * rows;
	size_t count;
};

/* What the names of images can be found by, made when first needed. */
struct names {
	struct fl_arena arena;
	struct by_text whole, last, stem, number;
};

struct join {
	struct coco_detections *d;
	const struct annotations *truth;
	struct annotation_index images, categories;
	struct names names;
	bool has_names;
	struct fl_str *said;
	int *by_id, *by_name; /* image of each detection, -1: none */
	size_t contradict, mended;
};

/* Index of what an id of the detections means in the ground truth, or -1;
 * *mended where it is in quotes on one side alone. */
int join_find_id(const struct join *j, const struct annotation_index *index,
		 int64_t id, bool *mended);
/* The line on ids that were in quotes on one side alone, if there are any. */
void join_say_quoted(struct join *j, const char *what, size_t count);
/* The category of every detection, in ids of the ground truth. */
void join_categories(struct join *j);

#endif

/* match.h - which tensor of a file goes to which tensor of a model (spec G.7).
 *
 * A file's name b fits a model's name a when a = b or a ends with "." + b (a
 * name that begins with "backbone.res5" first loses its first 9 characters);
 * the longest b wins. A tensor of another shape is skipped and the model keeps
 * its initial value: so a recipe with another number of classes loads all but
 * the class layers.
 */
#ifndef FL_CKPT_MATCH_H
#define FL_CKPT_MATCH_H

#include "ckpt/tensor_list.h"

struct match_want {
	const char *name;
	int rank;
	int64_t dims[CKPT_MAX_RANK];
};

enum match_outcome {
	MATCH_LOADED,
	MATCH_SHAPE,
	MATCH_MISSING
};

struct match_row {
	const struct match_want *want;
	/* NULL when missing; the refused one when the shape differs */
	const struct named_tensor *from;
	enum match_outcome outcome;
};

struct match {
	struct match_row *rows; /* one for each want, in order */
	size_t count;
	const char **unused; /* names of the file without a use, in order */
	size_t unused_count;
	size_t loaded, shape, missing;
};

/* Fails with FL_EDATA when one tensor of the file would be loaded twice. The
 * result borrows wants and file. */
int match_weights(struct match *match, const struct match_want *wants,
		  size_t count, const struct tensor_file *file,
		  struct fl_err *err);
void match_release(struct match *match);

#endif

/* model_classes.h - what the classes of a model are called.
 *
 * A checkpoint says so in its metadata: "class_names" and "class_ids", arrays
 * of JSON in the order of the classes. Of weights without that (older ones,
 * Paddle's) the recipe's TrainDataset knows, where it is here and has as many.
 */
#ifndef FL_DETECT_MODEL_CLASSES_H
#define FL_DETECT_MODEL_CLASSES_H

#include "ckpt/tensor_file.h"
#include "config/recipe.h"
#include "data/classes.h"
#include "data/dataset.h"

struct model_classes {
	struct class_list list; /* count 0: nobody knows */
	bool stored;		/* the weights themselves say so */
	struct fl_arena arena;
	struct dataset train; /* where the list was read from it */
};

#define MODEL_CLASSES_META 2
/* The entries of a checkpoint's metadata, in the arena. */
void model_classes_describe(const struct class_list *list,
			    struct fl_arena *arena,
			    struct tensor_meta out[MODEL_CLASSES_META]);
/* The same entries of an open file, borrowed: how many it has. */
size_t model_classes_find(const struct tensor_file *file,
			  struct tensor_meta out[MODEL_CLASSES_META]);
/* What the metadata of an open file says; nothing: count 0. */
int model_classes_read(const struct tensor_file *file, const char *path,
		       struct model_classes *out, struct fl_err *err);
/* Of the recipe's weights, wherever they know it from. */
int model_classes_open(const struct recipe *recipe, struct model_classes *out,
		       struct fl_err *err);
void model_classes_close(struct model_classes *c);

#endif

/* The part of a recipe that src/data reads, called by config/ through the list
 * of parts: rows, then readers, whose size is eval_size where they have no
 * Resize of their own, then data sets. Defaults are the reference's
 * constructors', so a key that a recipe leaves out means here what it means
 * there. */
#include "data/options.h"

#include "config/keys.h"
#include "data/chain.h"

#include <string.h>

#define F(field) offsetof(struct data_options, field)

/* docs/recipes.md is printed from these rows; "(ours)" marks what the reference
 * does not have. */
static const struct recipe_row rows[] = {
	{ "worker_num", ROW_INT, F(worker_num), 0, 256, 0, "2", NULL,
	  "threads that decode and transform images; 0: as many as cores" },
	{ "cache_mb", ROW_INT, F(cache_mb), 0, 1e9, 0, "0", NULL,
	  "MiB of shared memory for decoded training pictures, which the ranks "
	  "of a machine share; less where the machine has less; 0: each is "
	  "decoded every time (ours)" },
	{ "eval_size", ROW_INTS, F(eval_height), 32, 8192, 2, "[640, 640]", "~",
	  "height and width of evaluation; ~: as the default, where a reader has no Resize" },
	{ "sampler", ROW_WORD, F(sampler), 0, 0, 0, "flotilla",
	  "flotilla|paddle",
	  "order of images: a permutation of (seed, epoch), or the reference's (ours)" },
	{ "shared_size", ROW_BOOL, F(shared_size), 0, 0, 0, "true", NULL,
	  "one image size for all ranks at every step; false as the reference, "
	  "where everyone waits for the largest (ours)" },
	{ "EvalMOTDataset", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "sequences for a tracker; the detector is scored on EvalDataset" },
	{ "TestMOTDataset", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "as EvalMOTDataset" },
	{ "EvalMOTReader", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "as EvalMOTDataset" },
	{ "TestMOTReader", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "as EvalMOTDataset" },
	{ "eval_height", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "an anchor for eval_size" },
	{ "eval_width", ROW_ACCEPTED, 0, 0, 0, 0, NULL, NULL,
	  "an anchor for eval_size" },
};

/* One data set; n is NULL where the recipe has none, and where the table of
 * docs/recipes.md asks only which keys there are. */
static int fill_dataset(struct recipe *r, const struct yaml *n,
			const char *owner, struct dataset_options *d,
			struct fl_err *err)
{
	static const char *const names[] = { "COCODataSet", "VOCDataSet",
					     "ImageFolder" };
	struct keys k = keys_of(r, n, owner, err);
	const char *class = keys_class(&k), *near;

	/* One turn more than there are names: the last says that none
	 * fitted. */
	for (size_t i = 0; k.rc == 0 && n && i <= 3; i++) {
		if (i == 3) {
			near = fl_nearest(class, names, 3, sizeof(char *));
			return fl_fail(
				err, FL_ERECIPE,
				"%s: '%s' is a '%s', which flotilla does not read%s%s%s",
				yaml_where(&r->arena, n), owner, class,
				near ? "; did you mean '" : "",
				near ? near : "", near ? "'?" : "");
		}
		d->kind = (enum dataset_kind)i;
		if (strcmp(class, names[i]) == 0)
			break;
	}
	keys_text(&k, "dataset_dir", &d->dataset_dir,
		  "folder that the others lie in");
	keys_text(&k, "image_dir", &d->image_dir, "folder of the pictures");
	keys_text(&k, "anno_path", &d->anno_path, "annotation file");
	keys_bool(&k, "allow_empty", &d->allow_empty,
		  "keep images without a box");
	keys_bool(&k, "load_crowd", &d->load_crowd, "keep boxes of crowds");
	keys_bool(
		&k, "flat_names", &d->flat_names,
		"flotilla's own: pictures lie in image_dir under the last part of their names");
	keys_real(&k, "empty_ratio", 0, 1, &d->empty_ratio,
		  "largest share of images without a box");
	keys_int(&k, "sample_num", -1, 1e9, &d->sample_num,
		 "take the first so many images; -1: all");
	/* The reference lists what a record holds; here a batch always has all
	 * of it. */
	keys_pass(&k, "data_fields", "what training needs is always read");
	keys_text(&k, "label_list", &d->label_list,
		  "class names of a VOCDataSet, one a line");
	keys_usual(&k, "repeat", "1", "repeating is the sampler's business");
	return keys_finish(&k);
}

/* All three begin alike; allow_empty of an evaluation stands in the recipe. */
static int fill_datasets(struct recipe *r, struct data_options *o,
			 const struct yaml *tree, struct fl_err *err)
{
	const struct dataset_options standard = { .dataset_dir = "",
						  .image_dir = "",
						  .anno_path = "",
						  .label_list = "",
						  .empty_ratio = 1,
						  .sample_num = -1 };
	int rc;

	o->train = o->eval = o->test = standard;
	rc = fill_dataset(r, yaml_get(tree, "TrainDataset"), "TrainDataset",
			  &o->train, err);
	if (rc == 0)
		rc = fill_dataset(r, yaml_get(tree, "EvalDataset"),
				  "EvalDataset", &o->eval, err);
	if (rc == 0)
		rc = fill_dataset(r, yaml_get(tree, "TestDataset"),
				  "TestDataset", &o->test, err);
	return rc;
}

static int fill_readers(struct recipe *r, struct data_options *o,
			const struct yaml *tree, struct fl_err *err)
{
	struct reader_options standard = {
		.batch_size = 1,
		.expand_ratio = 4,
		.expand_prob = 0.5,
		.fill_value = { 127.5, 127.5, 127.5 },
		.flip_prob = 0.5,
		.interp = INTERP_LINEAR,
		.size_count = 1,
		.scale = true,
		.mean = { 0.485, 0.456, 0.406 },
		.std = { 0.229, 0.224, 0.225 },
	};
	int rc;

	standard.sizes[0][0] = o->eval_height;
	standard.sizes[0][1] = o->eval_width;
	o->train_reader = o->eval_reader = o->test_reader = standard;
	rc = chain_read(r, yaml_get(tree, "TrainReader"), "TrainReader",
			&o->train_reader, err);
	if (rc == 0)
		rc = chain_read(r, yaml_get(tree, "EvalReader"), "EvalReader",
				&o->eval_reader, err);
	if (rc == 0)
		rc = chain_read(r, yaml_get(tree, "TestReader"), "TestReader",
				&o->test_reader, err);
	return rc;
}

static int read_data(struct recipe *r, void *options, const struct yaml *tree,
		     struct fl_err *err)
{
	int rc = fill_readers(r, options, tree, err);

	return rc ? rc : fill_datasets(r, options, tree, err);
}

/* The same code that reads them, asked about nothing. */
static void list_data(struct recipe *r, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct dataset_options data;

	fill_dataset(r, NULL, "TrainDataset", &data, &err);
	chain_list(r, out);
}

const struct recipe_part data_part = {
	.rows = rows,
	.row_count = sizeof(rows) / sizeof(rows[0]),
	.size = sizeof(struct data_options),
	.objects = (const char *const[]){ "TrainDataset", "EvalDataset",
					  "TestDataset", "TrainReader",
					  "EvalReader", "TestReader", NULL },
	.read = read_data,
	.list = list_data,
};

const struct data_options *data_options(const struct recipe *recipe)
{
	return recipe_options(recipe, &data_part);
}

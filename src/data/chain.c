#include "config/keys.h"

#include <stdint.h>
#include <string.h>

/* Readers, data sets, schedules: objects and lists, each with keys of its
 * own. */

bool recipe_is_section(const char *key)
{
	static const char *const sections[] = { "TrainDataset", "EvalDataset",
						"TestDataset",	"TrainReader",
						"EvalReader",	"TestReader" };

	for (size_t i = 0; i < sizeof(sections) / sizeof(sections[0]); i++)
		if (strcmp(key, sections[i]) == 0)
			return true;
	return false;
}

/* The class of an object: its tag, or its key 'name'. */
static const char *class_of(struct keys *k)
{
	const char *name = k->map && k->map->tag ? k->map->tag : "";

	take_text(k, "name", &name, "its class; a YAML tag says the same");
	return name;
}

static int fill_dataset(struct recipe *r, const struct yaml *n,
			const char *owner, struct recipe_dataset *d,
			struct fl_err *err)
{
	static const char *const names[] = { "COCODataSet", "VOCDataSet",
					     "ImageFolder" };
	struct keys k = keys_of(r, n, owner, err);
	const char *class = class_of(&k), *near;

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
		d->kind = (enum recipe_dataset_kind)i;
		if (strcmp(class, names[i]) == 0)
			break;
	}
	take_text(&k, "dataset_dir", &d->dataset_dir,
		  "folder that the others lie in");
	take_text(&k, "image_dir", &d->image_dir, "folder of the pictures");
	take_text(&k, "anno_path", &d->anno_path, "annotation file");
	take_bool(&k, "allow_empty", &d->allow_empty,
		  "keep images without a box");
	take_bool(&k, "load_crowd", &d->load_crowd, "keep boxes of crowds");
	take_bool(
		&k, "flat_names", &d->flat_names,
		"flotilla's own: pictures lie in image_dir under the last part of their names");
	take_real(&k, "empty_ratio", 0, 1, &d->empty_ratio,
		  "largest share of images without a box");
	take_int(&k, "sample_num", -1, 1e9, &d->sample_num,
		 "take the first so many images; -1: all");
	keys_pass(&k, "data_fields", "what training needs is always read");
	take_text(&k, "label_list", &d->label_list,
		  "class names of a VOCDataSet, one a line");
	take_usual(&k, "repeat", "1", "repeating is the sampler's business");
	return keys_finish(&k);
}

int recipe_fill_datasets(struct recipe *r, const struct yaml *tree,
			 struct fl_err *err)
{
	struct recipe_dataset standard = { .dataset_dir = "",
					   .image_dir = "",
					   .anno_path = "",
					   .label_list = "",
					   .empty_ratio = 1,
					   .sample_num = -1 };
	int rc;

	r->train = r->eval = r->test = standard;
	rc = fill_dataset(r, yaml_get(tree, "TrainDataset"), "TrainDataset",
			  &r->train, err);
	if (rc == 0)
		rc = fill_dataset(r, yaml_get(tree, "EvalDataset"),
				  "EvalDataset", &r->eval, err);
	if (rc == 0)
		rc = fill_dataset(r, yaml_get(tree, "TestDataset"),
				  "TestDataset", &r->test, err);
	return rc;
}

static void take_size(struct keys *k, const struct yaml *n, int size[2])
{
	double v[2] = { 0 };

	for (int i = 0; k->rc == 0 && i < 2; i++) {
		const struct yaml *one =
			n->kind == YAML_LIST && n->count == 2 ? n->items[i] : n;

		k->rc = recipe_number(k->r, one, keys_full(k, "target_size"),
				      true, 32, 8192, &v[i], k->err);
		size[i] = (int)v[i];
		if (k->rc == 0 && size[i] % 32 != 0)
			k->rc = fl_fail(
				k->err, FL_ERECIPE,
				"%s: '%s' is %d, but must be a multiple of 32, the coarsest stride",
				yaml_where(&k->r->arena, one),
				keys_full(k, "target_size"), size[i]);
	}
}

/* A number, [height, width], or with random_size a list of either. */
static void take_sizes(struct keys *k, struct recipe_reader *reader)
{
	const struct yaml *n = keys_look(
		k, "target_size", "number, pair or list",
		"multiples of 32: a side, [height, width], or with random_size a list of either");
	bool list = n && n->kind == YAML_LIST && reader->random_size;

	if (!n)
		return;
	reader->size_count = list ? n->count : 1;
	if (reader->size_count < 1 || reader->size_count > RECIPE_MAX_SIZES) {
		k->rc = fl_fail(k->err, FL_ERECIPE,
				"%s: '%s' has %d sizes, but must have 1 to %d",
				yaml_where(&k->r->arena, n),
				keys_full(k, "target_size"), reader->size_count,
				RECIPE_MAX_SIZES);
		return;
	}
	for (int i = 0; k->rc == 0 && i < reader->size_count; i++)
		take_size(k, list ? n->items[i] : n, reader->sizes[i]);
}

#define INTERP "nearest, linear, cubic, area, Lanczos4"
#define STRETCH "images are stretched to the size, as the model was trained"

static int step_resize(struct keys *k, struct recipe_reader *reader)
{
	take_usual(k, "keep_ratio", "false", STRETCH);
	take_int(k, "interp", 0, 4, &reader->interp, INTERP);
	take_sizes(k, reader);
	return keys_finish(k);
}

static int step_batch_resize(struct keys *k, struct recipe_reader *reader)
{
	reader->random_size = true;
	reader->random_interp = false;
	take_usual(k, "keep_ratio", "false", STRETCH);
	take_bool(k, "random_size", &reader->random_size,
		  "another size for each batch");
	take_bool(k, "random_interp", &reader->random_interp,
		  "another interpolation for each batch");
	take_int(k, "interp", 0, 4, &reader->interp, INTERP);
	take_sizes(k, reader);
	return keys_finish(k);
}

static int step_normalize(struct keys *k, struct recipe_reader *reader)
{
	const char *type = "mean_std";

	reader->scale = true;
	take_reals(k, "mean", 3, -1e6, 1e6, reader->mean, "of R, G, B");
	take_reals(k, "std", 3, 1e-6, 1e6, reader->std, "of R, G, B");
	take_bool(k, "is_scale", &reader->scale, "divide by 255 first");
	take_text(k, "norm_type", &type,
		  "none: mean and std are left out (PP-YOLOE+)");
	reader->mean_std = strcmp(type, "none") != 0;
	return keys_finish(k);
}

static int step_expand(struct keys *k, struct recipe_reader *reader)
{
	reader->expand = true;
	take_real(k, "ratio", 1, 16, &reader->expand_ratio,
		  "largest canvas, as a multiple");
	take_real(k, "prob", 0, 1, &reader->expand_prob,
		  "share of images left alone");
	take_reals(k, "fill_value", 3, 0, 255, reader->fill_value,
		   "colour of the canvas");
	return keys_finish(k);
}

static int step_flip(struct keys *k, struct recipe_reader *reader)
{
	reader->flip = true;
	take_real(k, "prob", 0, 1, &reader->flip_prob,
		  "share of images flipped");
	return keys_finish(k);
}

static int step_distort(struct keys *k, struct recipe_reader *reader)
{
	reader->distort = true;
	return keys_finish(k);
}

static int step_crop(struct keys *k, struct recipe_reader *reader)
{
	reader->crop = true;
	return keys_finish(k);
}

static int step_plain(struct keys *k, struct recipe_reader *reader)
{
	(void)reader;
	keys_pass(k, "to_bgr", "the model sees RGB");
	keys_pass(k, "channel_first", "the layout is the device's business");
	return keys_finish(k);
}

/* Transforms in the only order that flotilla composes them in. */
static const struct {
	const char *name;
	int order;
	int (*read)(struct keys *k, struct recipe_reader *reader);
} steps[] = {
	{ "Decode", 0, step_plain },
	{ "RandomDistort", 1, step_distort },
	{ "RandomExpand", 2, step_expand },
	{ "RandomCrop", 3, step_crop },
	{ "RandomFlip", 4, step_flip },
	{ "BatchRandomResize", 5, step_batch_resize },
	{ "Resize", 5, step_resize },
	{ "NormalizeImage", 6, step_normalize },
	{ "Permute", 7, step_plain },
	{ "PadGT", 8, step_plain },
};

#define STEPS (sizeof(steps) / sizeof(steps[0]))

static int unknown_step(struct recipe *r, const struct yaml *n,
			const char *name, struct fl_err *err)
{
	const char *near =
		fl_nearest(name, &steps[0].name, STEPS, sizeof(steps[0]));

	return fl_fail(err, FL_ERECIPE, "%s: unknown transform '%s'%s%s%s",
		       yaml_where(&r->arena, n), name,
		       near ? "; did you mean '" : "", near ? near : "",
		       near ? "'?" : "");
}

static int fill_steps(struct recipe *r, const struct yaml *list,
		      struct recipe_reader *reader, int *last,
		      struct fl_err *err)
{
	int rc = 0;

	for (int i = 0; rc == 0 && list && i < list->count; i++) {
		const struct yaml *n = list->items[i];
		const char *name = n->kind == YAML_MAP && n->count == 1
					   ? n->keys[0]
					   : NULL;
		struct keys k;
		size_t s = 0;

		if (!name)
			return fl_fail(
				err, FL_ERECIPE,
				"%s: a transform is written '- Name: {...}'",
				yaml_where(&r->arena, n));
		while (s < STEPS && strcmp(steps[s].name, name) != 0)
			s++;
		if (s == STEPS)
			return unknown_step(r, n, name, err);
		if (steps[s].order <= *last)
			return fl_fail(
				err, FL_ERECIPE,
				"%s: '%s' comes too late; the order is Decode, "
				"RandomDistort, RandomExpand, RandomCrop, "
				"RandomFlip, Resize, NormalizeImage, Permute, PadGT",
				yaml_where(&r->arena, n), name);
		*last = steps[s].order;
		k = keys_of(r, n->items[0], name, err);
		rc = k.rc == 0 ? steps[s].read(&k, reader) : k.rc;
	}
	return rc;
}

#define CHAIN "`- Name: {...}`, in the reference's order; each below"

/* A number, or in training "auto": 0 until the machine's memory was asked. */
static void take_batch_size(struct keys *k, struct recipe_reader *reader,
			    bool train)
{
	static const char help[] =
		"images of one rank and step; auto (TrainReader): as many as the memory holds";
	const struct yaml *n =
		keys_look(k, "batch_size", "1 to 65536, auto", help);
	double v = reader->batch_size;

	if (!n)
		return;
	if (train && n->text && strcmp(n->text, "auto") == 0)
		v = RECIPE_AUTO_BATCH;
	else
		k->rc = recipe_number(k->r, n, keys_full(k, "batch_size"), true,
				      1, 65536, &v, k->err);
	reader->batch_size = (int)v;
}

static int fill_reader(struct recipe *r, const struct yaml *n,
		       const char *owner, struct recipe_reader *reader,
		       struct fl_err *err)
{
	struct keys k = keys_of(r, n, owner, err);
	int last = -1, rc;

	take_batch_size(&k, reader, strcmp(owner, "TrainReader") == 0);
	rc = fill_steps(r, keys_look(&k, "sample_transforms", "list", CHAIN),
			reader, &last, err);
	if (rc == 0)
		rc = fill_steps(
			r, keys_look(&k, "batch_transforms", "list", CHAIN),
			reader, &last, err);
	if (rc != 0)
		return rc;
	if (strcmp(owner, "TrainReader") == 0) {
		take_usual(&k, "shuffle", "true",
			   "every epoch has a new order");
		take_usual(&k, "drop_last", "true",
			   "every step has a whole batch");
	}
	keys_pass(&k, "shuffle", "evaluation goes through the images in order");
	keys_pass(&k, "drop_last", "evaluation scores every image once");
	keys_pass(&k, "use_shared_memory", "threads share all memory");
	keys_pass(&k, "collate_batch", "batches are always put together");
	keys_pass(&k, "inputs_def", "speaks of Paddle's inference format");
	keys_pass(&k, "drop_empty", "allow_empty of the data set decides");
	keys_pass(&k, "mixup_epoch", "there is no mixup in this family");
	return keys_finish(&k);
}

int recipe_fill_readers(struct recipe *r, const struct yaml *tree,
			struct fl_err *err)
{
	struct recipe_reader standard = {
		.batch_size = 1,
		.expand_ratio = 4,
		.expand_prob = 0.5,
		.fill_value = { 127.5, 127.5, 127.5 },
		.flip_prob = 0.5,
		.interp = RECIPE_LINEAR,
		.size_count = 1,
		.scale = true,
		.mean = { 0.485, 0.456, 0.406 },
		.std = { 0.229, 0.224, 0.225 },
	};
	int rc;

	standard.sizes[0][0] = r->eval_height;
	standard.sizes[0][1] = r->eval_width;
	r->train_reader = r->eval_reader = r->test_reader = standard;
	rc = fill_reader(r, yaml_get(tree, "TrainReader"), "TrainReader",
			 &r->train_reader, err);
	if (rc == 0)
		rc = fill_reader(r, yaml_get(tree, "EvalReader"), "EvalReader",
				 &r->eval_reader, err);
	if (rc == 0)
		rc = fill_reader(r, yaml_get(tree, "TestReader"), "TestReader",
				 &r->test_reader, err);
	return rc;
}

static const struct {
	const char *name;
	enum recipe_schedule_kind kind;
} schedules[] = {
	{ "CosineDecay", RECIPE_COSINE },
	{ "PiecewiseDecay", RECIPE_PIECEWISE },
	{ "LinearWarmup", RECIPE_LINEAR_WARMUP },
	{ "ExpWarmup", RECIPE_EXP_WARMUP },
};

static void take_list(struct keys *k, const char *key, double *out, int *count,
		      int most, const char *help)
{
	const struct yaml *n = keys_look(k, key, "number or list", help);

	*count = 0;
	if (n && n->kind == YAML_LIST && n->count <= most) {
		*count = n->count;
		for (int i = 0; k->rc == 0 && i < n->count; i++)
			k->rc = recipe_number(k->r, n->items[i],
					      keys_full(k, key), false, 0, 1e9,
					      &out[i], k->err);
	} else if (n) {
		*count = 1;
		k->rc = recipe_number(k->r, n, keys_full(k, key), false, 0, 1e9,
				      out, k->err);
	}
}

static int fill_schedule(struct recipe *r, const struct yaml *n,
			 struct recipe_schedule *s, struct fl_err *err)
{
	struct keys k = keys_of(r, n, "schedulers", err);
	double milestones[RECIPE_MAX_MILESTONES] = { 0 };
	const struct yaml *epochs;
	const char *class = class_of(&k);
	size_t i = 0;

	while (i < 4 && strcmp(schedules[i].name, class) != 0)
		i++;
	if (k.rc == 0 && i == 4)
		return fl_fail(
			err, FL_ERECIPE,
			"%s: unknown schedule '%s'; there are CosineDecay, PiecewiseDecay, LinearWarmup and ExpWarmup",
			yaml_where(&r->arena, n), class);
	*s = (struct recipe_schedule){ .max_epochs = 1000,
				       .use_warmup = true,
				       .start_factor = 1.0 / 3,
				       .epochs = -1,
				       .steps = 500,
				       .power = 2 };
	s->kind = schedules[i < 4 ? i : 0].kind;
	take_int(&k, "max_epochs", 1, 1e6, &s->max_epochs,
		 "where the cosine would end");
	take_bool(&k, "use_warmup", &s->use_warmup,
		  "false: the second schedule is ignored");
	take_real(&k, "min_lr_ratio", 0, 1, &s->min_lr_ratio,
		  "the cosine's end, as a share of base_lr");
	take_int(&k, "last_plateau_epochs", 0, 1e6, &s->last_plateau_epochs,
		 "epochs at that end");
	take_list(&k, "gamma", s->gamma, &s->gamma_count, RECIPE_MAX_MILESTONES,
		  "PiecewiseDecay: factors, or one whose powers are taken");
	take_list(&k, "milestones", milestones, &s->milestone_count,
		  RECIPE_MAX_MILESTONES, "PiecewiseDecay: epochs");
	for (int j = 0; j < s->milestone_count; j++)
		s->milestones[j] = (int)milestones[j];
	take_real(&k, "start_factor", 0, 1, &s->start_factor,
		  "where a warm-up begins, as a share of base_lr");
	epochs = keys_number(&k, "epochs", 0, 1e6, "length of a warm-up");
	if (epochs && epochs->kind != YAML_NULL && k.rc == 0)
		k.rc = recipe_number(r, epochs, "schedulers.epochs", false, 0,
				     1e6, &s->epochs, err);
	take_int(&k, "steps", 0, 1e9, &s->steps,
		 "length of a warm-up where epochs is null");
	take_int(&k, "power", 1, 10, &s->power, "of ExpWarmup");
	return keys_finish(&k);
}

int recipe_fill_schedules(struct recipe *r, const struct yaml *tree,
			  struct fl_err *err)
{
	const struct yaml *list =
		yaml_get(yaml_get(tree, "LearningRate"), "schedulers");
	int rc = 0;

	if (!list)
		return 0;
	if (list->kind != YAML_LIST || list->count > RECIPE_MAX_SCHEDULERS)
		return fl_fail(
			err, FL_ERECIPE,
			"%s: 'LearningRate.schedulers' must be a list of at most %d schedules",
			yaml_where(&r->arena, list), RECIPE_MAX_SCHEDULERS);
	for (int i = 0; rc == 0 && i < list->count; i++)
		rc = fill_schedule(r, list->items[i], &r->schedules[i], err);
	r->schedule_count = list->count;
	return rc;
}

/* The same code that reads them, asked about nothing. */
void recipe_list_objects(struct recipe *r, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct yaml cosine = { .kind = YAML_MAP,
			       .tag = (char *)(uintptr_t) "CosineDecay" };
	struct recipe_dataset data;
	struct recipe_reader reader;
	struct recipe_schedule schedule;

	r->notes = out;
	fill_dataset(r, NULL, "TrainDataset", &data, &err);
	fill_reader(r, NULL, "TrainReader", &reader, &err);
	for (size_t i = 0; i < STEPS; i++) {
		struct keys k = keys_of(r, NULL, steps[i].name, &err);

		if (steps[i].read == step_distort || steps[i].read == step_crop)
			fl_str_addf(out,
				    "| `%s` | `{}` only | the usual values |\n",
				    steps[i].name);
		steps[i].read(&k, &reader);
	}
	fill_schedule(r, &cosine, &schedule, &err);
	r->notes = NULL;
}

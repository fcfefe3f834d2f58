/* A reader's keys, read in two walks over one list of transforms:
 * sample_transforms, then batch_transforms. Called by options.c for each of the
 * three readers. The order of the table is the only order in which flotilla
 * composes them, since geometry is one sampling and colours come before it
 * (transform.h); each row reads the keys of its own transform. */
#include "data/chain.h"

#include <string.h>

/* A side. The coarsest map of the model is a 32nd of the picture, and an odd rest
 * would have no place there. */
static void take_side(struct keys *k, const struct yaml *n, int *side)
{
	const char *key = keys_full(k, "target_size");
	const char *at = yaml_where(&k->r->arena, n);
	double v = 0;

	k->rc = recipe_number(k->r, n, key, true, 0, 0, &v, k->err);
	if (k->rc == 0 && v < 32)
		k->rc = fl_fail(
			k->err, FL_ERECIPE,
			"%s: '%s' is %g, but must be at least 32: nothing of a "
			"smaller picture is left at stride 32, and the reference "
			"fails on it too, where its neck joins a map of 2 pixels "
			"with one of 1",
			at, key, v);
	else if (k->rc == 0)
		k->rc = recipe_number(k->r, n, key, true, 32, 8192, &v, k->err);
	if (k->rc != 0)
		return;
	*side = (int)v;
	if (*side % 32 != 0)
		k->rc = fl_fail(
			k->err, FL_ERECIPE,
			"%s: '%s' is %d, but must be a multiple of 32, the coarsest stride",
			at, key, *side);
}

/* A side, or height and width. */
static void take_size(struct keys *k, const struct yaml *n, int size[2])
{
	bool pair = n->kind == YAML_LIST && n->count == 2;

	for (int i = 0; k->rc == 0 && i < 2; i++)
		take_side(k, pair ? n->items[i] : n, &size[i]);
}

/* A number, [height, width], or with random_size a list of either. */
static void take_sizes(struct keys *k, struct reader_options *reader)
{
	const struct yaml *n = keys_look(
		k, "target_size", "number, pair or list",
		"multiples of 32: a side, [height, width], or with random_size a list of either");
	/* Without random_size a list of two is height and width, with it two
	 * sizes. */
	bool list = n && n->kind == YAML_LIST && reader->random_size;

	if (!n)
		return;
	reader->size_count = list ? n->count : 1;
	if (reader->size_count < 1 || reader->size_count > READER_MAX_SIZES) {
		k->rc = fl_fail(k->err, FL_ERECIPE,
				"%s: '%s' has %d sizes, but must have 1 to %d",
				yaml_where(&k->r->arena, n),
				keys_full(k, "target_size"), reader->size_count,
				READER_MAX_SIZES);
		return;
	}
	for (int i = 0; k->rc == 0 && i < reader->size_count; i++)
		take_size(k, list ? n->items[i] : n, reader->sizes[i]);
}

#define INTERP "nearest, linear, cubic, area, Lanczos4"
#define STRETCH                                                                  \
	"images are stretched to the size, as the model was trained; true only " \
	"for a Resize of TrainReader right behind Decode, which first makes "    \
	"the picture as large as the two sides allow"

/* Of the whole picture, before any draw; the batch's own resize comes later. */
static int step_fit(struct keys *k, struct reader_options *reader)
{
	const struct yaml *n = keys_look(
		k, "target_size", "number, pair or list",
		"multiples of 32: a side, [height, width], or with random_size a list of either");
	bool pair = n && n->kind == YAML_LIST && n->count == 2;
	double v[2] = { 0 };

	keys_look(k, "keep_ratio", "true, false", "");
	keys_usual(k, "interp", "2",
		   "a picture that keeps its ratio is resized "
		   "by the bicubic function");
	if (k->rc == 0 && !n)
		k->rc = fl_fail(k->err, FL_ERECIPE,
				"%s: '%s' needs a 'target_size'",
				yaml_where(&k->r->arena, k->map), k->owner);
	for (int i = 0; k->rc == 0 && i < 2; i++)
		k->rc = recipe_number(k->r, pair ? n->items[i] : n,
				      keys_full(k, "target_size"), true, 32,
				      8192, &v[i], k->err);
	reader->fit_short = (int)(v[0] < v[1] ? v[0] : v[1]);
	reader->fit_long = (int)(v[0] < v[1] ? v[1] : v[0]);
	return keys_finish(k);
}

static int step_resize(struct keys *k, struct reader_options *reader)
{
	keys_usual(k, "keep_ratio", "false", STRETCH);
	keys_int(k, "interp", 0, 4, &reader->interp, INTERP);
	take_sizes(k, reader);
	return keys_finish(k);
}

static int step_batch_resize(struct keys *k, struct reader_options *reader)
{
	/* The reference's defaults of BatchRandomResize, not those of Resize. */
	reader->random_size = true;
	reader->random_interp = false;
	reader->interp = INTERP_NEAREST;
	keys_usual(k, "keep_ratio", "false", STRETCH);
	keys_bool(k, "random_size", &reader->random_size,
		  "another size for each batch");
	keys_bool(k, "random_interp", &reader->random_interp,
		  "another interpolation for each batch");
	keys_int(k, "interp", 0, 4, &reader->interp, INTERP);
	take_sizes(k, reader);
	return keys_finish(k);
}

static int step_normalize(struct keys *k, struct reader_options *reader)
{
	const char *type = "mean_std";

	reader->scale = true;
	keys_reals(k, "mean", 3, -1e6, 1e6, reader->mean, "of R, G, B");
	keys_reals(k, "std", 3, 1e-6, 1e6, reader->std, "of R, G, B");
	keys_bool(k, "is_scale", &reader->scale, "divide by 255 first");
	keys_text(k, "norm_type", &type,
		  "none: mean and std are left out (PP-YOLOE+)");
	/* PP-YOLOE+ divides by 255 and does no more. */
	reader->mean_std = strcmp(type, "none") != 0;
	return keys_finish(k);
}

static int step_expand(struct keys *k, struct reader_options *reader)
{
	reader->expand = true;
	keys_real(k, "ratio", 1, 16, &reader->expand_ratio,
		  "largest canvas, as a multiple");
	keys_real(k, "prob", 0, 1, &reader->expand_prob,
		  "share of images left alone");
	keys_reals(k, "fill_value", 3, 0, 255, reader->fill_value,
		   "colour of the canvas");
	return keys_finish(k);
}

static int step_flip(struct keys *k, struct reader_options *reader)
{
	reader->flip = true;
	keys_real(k, "prob", 0, 1, &reader->flip_prob,
		  "share of images flipped");
	return keys_finish(k);
}

static int step_distort(struct keys *k, struct reader_options *reader)
{
	reader->distort = true;
	return keys_finish(k);
}

static int step_crop(struct keys *k, struct reader_options *reader)
{
	reader->crop = true;
	return keys_finish(k);
}

/* Of these nothing is left to choose: what they do is always done. */
static int step_plain(struct keys *k, struct reader_options *reader)
{
	(void)reader;
	keys_pass(k, "to_bgr", "the model sees RGB");
	keys_pass(k, "channel_first", "the layout is the device's business");
	return keys_finish(k);
}

/* Transforms in the only order that flotilla composes them in; two of one order
 * exclude each other. */
static const struct {
	const char *name;
	int order;
	int (*read)(struct keys *k, struct reader_options *reader);
} steps[] = {
	{ "Decode", 0, step_plain },
	{ "RandomDistort", 2, step_distort },
	{ "RandomExpand", 3, step_expand },
	{ "RandomCrop", 4, step_crop },
	{ "RandomFlip", 5, step_flip },
	{ "BatchRandomResize", 6, step_batch_resize },
	{ "Resize", 6, step_resize },
	{ "NormalizeImage", 7, step_normalize },
	{ "Permute", 8, step_plain },
	{ "PadGT", 9, step_plain },
};

#define FIT 1 /* the order of a Resize that keeps the ratio, behind Decode */
#define STEPS (sizeof(steps) / sizeof(steps[0]))

/* With the nearest name that is known, if one is near. */
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

/* In training, directly behind Decode: elsewhere Resize is the last step, and
 * stretches. */
static bool fits(const char *name, const struct yaml *map, const char *owner,
		 int last)
{
	const struct yaml *keep = yaml_get(map, "keep_ratio");

	return last == 0 && strcmp(owner, "TrainReader") == 0 &&
	       strcmp(name, "Resize") == 0 && keep && keep->kind == YAML_BOOL &&
	       keep->truth;
}

static int fill_steps(struct recipe *r, const struct yaml *list,
		      const char *owner, struct reader_options *reader,
		      int *last, struct fl_err *err)
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
		if (fits(name, n->items[0], owner, *last)) {
			*last = FIT;
			k = keys_of(r, n->items[0], name, err);
			rc = step_fit(&k, reader);
			continue;
		}
		while (s < STEPS && strcmp(steps[s].name, name) != 0)
			s++;
		if (s == STEPS)
			return unknown_step(r, n, name, err);
		/* 'last' lives through both walks: a sample transform among the
		 * batch transforms comes too late as well. */
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
static void take_batch_size(struct keys *k, struct reader_options *reader,
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
		/* cmd/ replaces it before anything is opened. */
		v = READER_AUTO_BATCH;
	else
		k->rc = recipe_number(k->r, n, keys_full(k, "batch_size"), true,
				      1, 65536, &v, k->err);
	reader->batch_size = (int)v;
}

int chain_read(struct recipe *r, const struct yaml *n, const char *owner,
	       struct reader_options *reader, struct fl_err *err)
{
	struct keys k = keys_of(r, n, owner, err);
	int last = -1, rc;

	take_batch_size(&k, reader, strcmp(owner, "TrainReader") == 0);
	rc = fill_steps(r, keys_look(&k, "sample_transforms", "list", CHAIN),
			owner, reader, &last, err);
	if (rc == 0)
		rc = fill_steps(
			r, keys_look(&k, "batch_transforms", "list", CHAIN),
			owner, reader, &last, err);
	if (rc != 0)
		return rc;
	/* Keys that change what is trained may only have the value that is
	 * done; the same keys of an evaluation have no effect and are taken. A
	 * key counts as known from the first line that asks for it. */
	if (strcmp(owner, "TrainReader") == 0) {
		keys_usual(&k, "shuffle", "true",
			   "every epoch has a new order");
		keys_usual(&k, "drop_last", "true",
			   "every step has a whole batch");
	}
	keys_pass(&k, "shuffle", "evaluation goes through the images in order");
	keys_pass(&k, "drop_last", "evaluation scores every image once");
	keys_pass(&k, "use_shared_memory", "threads share all memory");
	keys_pass(&k, "collate_batch", "batches are always put together");
	keys_pass(&k, "inputs_def", "speaks of Paddle's inference format");
	keys_pass(&k, "fuse_normalize",
		  "of Paddle's inference format; pictures are normalised "
		  "outside of the model");
	keys_pass(&k, "drop_empty", "allow_empty of the data set decides");
	keys_pass(&k, "mixup_epoch", "there is no mixup in this family");
	return keys_finish(&k);
}

/* Runs every reader of keys with no keys: what each asks for is the table. */
void chain_list(struct recipe *r, struct fl_str *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct reader_options reader;

	chain_read(r, NULL, "TrainReader", &reader, &err);
	for (size_t i = 0; i < STEPS; i++) {
		struct keys k = keys_of(r, NULL, steps[i].name, &err);

		if (steps[i].read == step_distort || steps[i].read == step_crop)
			fl_str_addf(out,
				    "| `%s` | `{}` only | the usual values |\n",
				    steps[i].name);
		steps[i].read(&k, &reader);
	}
}

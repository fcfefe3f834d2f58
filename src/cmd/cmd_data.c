/* cmd_data.c - flotilla data: check a data set before hours
 * are spent on it, or make one up.
 * check reads the data sets of a recipe and every picture's header; what
 * training would refuse fails here, what it would pass over is counted. synth
 * is what the demo and many tests train on. */
#include "cmd/cmd.h"

#include "base/file.h"
#include "base/log.h"
#include "base/par.h"
#include "base/str.h"
#include "text/option.h"
#include "config/recipe.h"
#include "data/check.h"
#include "data/dataset.h"
#include "data/synth.h"
#include "data/options.h"
#include "image/image.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

struct data_args {
	const char *config;
	struct option_list overrides;
	int images, val, seed, width, height;
	bool annotations_only;
};

static const struct option_row rows[] = {
	{ "config", 'c', OPTION_TEXT, offsetof(struct data_args, config),
	  .arg = "FILE", .help = "check: the data sets of this recipe" },
	{ "opt", 'o', OPTION_LIST, offsetof(struct data_args, overrides),
	  .arg = "key=value ...",
	  .help = "check: replace values of the recipe" },
	{ "images", 0, OPTION_INT, offsetof(struct data_args, images), 1, 1e7,
	  "N", "synth: pictures for training (default 1200)" },
	{ "val", 0, OPTION_INT, offsetof(struct data_args, val), 1, 1e7, "N",
	  "synth: pictures held back (default 150)" },
	{ "seed", 0, OPTION_INT, offsetof(struct data_args, seed), 0, 1e9, "S",
	  "synth: another seed, other pictures" },
	{ "annotations_only", 0, OPTION_FLAG,
	  offsetof(struct data_args, annotations_only),
	  .help = "synth: lists without pictures, as large as Objects365's: "
		  "15 boxes an image" },
	{ "width", 0, OPTION_INT, offsetof(struct data_args, width), 32, 4096,
	  "W", "synth: of a picture (default 240)" },
	{ "height", 0, OPTION_INT, offsetof(struct data_args, height), 32, 4096,
	  "H", "synth: of a picture (default 192)" },
};

const struct option_table cmd_data_options = {
	.program = "flotilla data",
	.usage =
		"check (-c FILE | ANNOTATIONS [IMAGE_DIR] | PICTURES...) | synth DIR",
	.about = "check says what is wrong with a data set and ends with 3 if "
		 "training would suffer;\nsynth makes one up that can be "
		 "learnt: shapes on textured grounds.",
	.example =
		"  flotilla data check my/annotations/train.json my/images/train\n"
		"  flotilla data check -c configs/demo/ppyoloe_demo.yml\n"
		"  flotilla data synth made_up --images 500 --val 50",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
	.verbs = "check|synth",
	.operand = "FILE",
};

/* classes: 0, not compared; the validation's are compared with the training's
 * by name instead (check_classes_meet). */
static int check_recipe_set(const struct dataset_options *d, int classes,
			    long *suffers, struct fl_err *err)
{
	char anno[PATH_MAX], images[PATH_MAX];
	int rc;

	if (d->kind == DATASET_VOC)
		return check_voc(d, classes, stdout, suffers, err);
	rc = dataset_anno_path(d, anno, sizeof(anno), err);
	if (rc == 0)
		rc = dataset_image_dir(d, images, sizeof(images), err);
	if (rc == 0)
		rc = check_coco(anno, images, d->flat_names, classes, stdout,
				suffers, err);
	return rc;
}

/* The recipe alone: neither a device nor a model is opened. */
static int check_recipe(const struct data_args *args, long *suffers,
			struct fl_err *err)
{
	struct recipe *r;
	int rc = recipe_load(args->config, args->overrides.items,
			     args->overrides.count, &r, err);

	if (rc != 0)
		return rc;
	rc = check_recipe_set(&data_options(r)->train, r->num_classes, suffers,
			      err);
	if (rc == 0)
		rc = check_recipe_set(&data_options(r)->eval, 0, suffers, err);
	if (rc == 0)
		rc = check_classes_meet(r, stdout, suffers, err);
	recipe_free(r);
	return rc;
}

/* A picture is one by its name or by its bytes; what is neither was meant as
 * annotations, whose reader says what it is in their place. */
static bool is_annotations(const char *path)
{
	struct fl_err err = FL_ERR_INIT;
	struct image_info info;

	if (fl_ends_with(path, ".json"))
		return true;
	return fl_exists(path) && !fl_is_dir(path) && !image_is_named(path) &&
	       image_measure(path, &info, &err) != 0;
}

static int check_words(int words, char **argv, long *suffers,
		       struct fl_err *err)
{
	int rc = 0;

	if (words > 0 && is_annotations(argv[0]))
		return words > 2
			       ? fl_fail(err, FL_EUSAGE,
					 "check takes an annotation file and one image folder")
			       : check_coco(argv[0],
					    words == 2 ? argv[1] : NULL, false,
					    0, stdout, suffers, err);
	for (int i = 0; rc == 0 && i < words; i++)
		rc = fl_exists(argv[i])
			     ? check_pictures(argv[i], stdout, suffers, err)
			     : fl_fail(err, FL_EDATA, "'%s' does not exist",
				       argv[i]);
	return rc;
}

static int check(const struct data_args *args, int words, char **argv,
		 struct fl_err *err)
{
	long suffers = 0;
	int rc;

	if (!args->config && words == 0)
		return fl_fail(
			err, FL_EUSAGE,
			"check needs a recipe (-c) or files ('flotilla data --help')");
	rc = args->config ? check_recipe(args, &suffers, err)
			  : check_words(words, argv, &suffers, err);
	/* Status 3, so that a script can stop before the training. */
	if (rc == 0 && suffers > 0)
		rc = fl_fail(err, FL_EDATA,
			     "%ld %s that training would suffer from", suffers,
			     fl_plural(suffers, "problem", "problems"));
	else if (rc == 0)
		printf("fit for training\n");
	return rc;
}

static int synth(const struct data_args *args, int words, char **argv,
		 struct fl_err *err)
{
	struct synth_options o = { .train = args->images,
				   .val = args->val,
				   .width = args->width,
				   .height = args->height,
				   .seed = (uint64_t)args->seed };

	if (words != 1)
		return fl_fail(
			err, FL_EUSAGE,
			"synth needs one folder: flotilla data synth DIR");
	return args->annotations_only ? synth_make_annotations(argv[0], &o, err)
				      : synth_make(argv[0], &o, err);
}

static int take_verb(void *ctx, int words, char **argv, struct fl_err *err)
{
	const struct data_args *args = ctx;

	if (words == 0) {
		option_help(&cmd_data_options, stderr);
		return fl_fail(err, FL_EUSAGE, "data needs 'check' or 'synth'");
	}
	if (strcmp(argv[0], "check") == 0)
		return check(args, words - 1, argv + 1, err);
	if (strcmp(argv[0], "synth") == 0)
		return synth(args, words - 1, argv + 1, err);
	return fl_fail(err, FL_EUSAGE,
		       "unknown verb '%s'; data knows 'check' and 'synth'",
		       argv[0]);
}

int cmd_data(int argc, char **argv, struct fl_err *err)
{
	struct data_args args = {
		.images = 1200, .val = 150, .width = 240, .height = 192
	};
	int rc;

	fl_log_name("flotilla.data");
	/* Pictures' headers are read by all cores, and synth draws
	 * with them. */
	fl_par_init(0);
	rc = cmd_run(&cmd_data_options, &args, argc, argv, take_verb, err);
	option_list_release(&args.overrides);
	return rc;
}

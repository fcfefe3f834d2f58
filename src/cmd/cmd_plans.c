/* cmd_plans.c - flotilla plans: which kernels the convolutions of a recipe's
 * training and evaluation get on this machine. It makes the plans as a run of
 * one rank would and shows what the device says of them.
 * Only convolutions of 3x3 with stride 1 have a choice (Winograd or oneDNN); it
 * is made while a plan is, for each shape. */
#include "cmd/cmd.h"

#include "cmd/job.h"
#include "data/options.h"
#include "detect/evaluate.h"
#include "detect/kernels.h"
#include "family/family.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct plans_args {
	struct job_args job;
	int batch;
};

static const struct option_row rows[] = {
	JOB_ROWS(plans_args),
	{ "batch", 'b', OPTION_INT, offsetof(struct plans_args, batch), 1, 4096,
	  .arg = "N",
	  .help = "images of a rank's step (the recipe's batch_size)" },
};

const struct option_table cmd_plans_options = {
	.program = "flotilla plans",
	.usage = "-c FILE [OPTIONS]",
	.about =
		"Shows which kernel computes each 3x3 convolution of a recipe's "
		"network on this machine,\nfor every size of training and evaluation: "
		"by the table, or with -o kernels=measure by what was quicker.",
	.example =
		"flotilla plans -c configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml -o kernels=measure",
	.rows = rows,
	.count = sizeof(rows) / sizeof(rows[0]),
};

/* A line of the device's as a row: batch, map, channels, kernels, how.
 * Evaluation has no backward pass, so two of its kernels are none. A line of
 * another form is left out rather than shown wrong. */
static void show_line(const char *line)
{
	char mode[16], kernel[3][16], how[16];
	int n, h, w, cin, cout;

	if (sscanf(line, "%d %d %d %d %d %15s %15s %15s %15s %15s", &n, &h, &w,
		   &cin, &cout, mode, kernel[0], kernel[1], kernel[2],
		   how) != 10)
		return;
	printf("%5d  %4dx%-4d  %4d to %-4d  %-8s  %-8s  %-8s  %s\n", n, h, w,
	       cin, cout, kernel[0],
	       strcmp(mode, "train") == 0 ? kernel[1] : "-",
	       strcmp(mode, "train") == 0 ? kernel[2] : "-", how);
}

static void show(const struct dev *dev)
{
	struct fl_str text = FL_STR_INIT;
	const char *p;

	/* ref has nothing to choose from. */
	if (!dev->device->kernels) {
		printf("device %s has one kernel of each operation\n",
		       dev->device->name);
		return;
	}
	dev->device->kernels->tell(&text);
	printf("%s\n3x3 convolutions of stride 1; all others have one kernel\n"
	       "batch  map        channels      forward   source    weights   by\n",
	       dev->device->arithmetic(DTYPE_F32));
	for (p = fl_str_get(&text); *p; p += strcspn(p, "\n") + 1)
		show_line(p);
	fl_str_release(&text);
}

/* Every size of training, and evaluation's. All keys first, since kernels that
 * are measured are agreed on for all of them; the plans are made to have the
 * device choose, and are not kept. */
static int make_plans(const struct model_job *job, const struct model *model,
		      int batch, struct fl_err *err)
{
	const struct recipe *r = job->recipe;
	const struct reader_options *reader = &data_options(r)->train_reader;
	int sizes = reader->random_size ? reader->size_count : 1;
	struct plan_key *keys = fl_calloc((size_t)sizes + 1, sizeof(*keys));
	int rc;

	for (int i = 0; i < sizes; i++)
		keys[i] =
			plan_key_make(PLAN_TRAIN, recipe_precision(r),
				      batch ? batch : reader->batch_size,
				      reader->sizes[i][0], reader->sizes[i][1]);
	keys[sizes] = evaluator_plan(r, &data_options(r)->eval_reader);
	rc = kernels_agree(model->graph, job->dev, job->comm,
			   r->kernels == KERNELS_MEASURE, keys, sizes + 1, err);
	for (int i = 0; rc == 0 && i <= sizes; i++) {
		struct plan *p;

		rc = plan_new(model->graph, job->dev, &keys[i], &p, err);
		if (rc == 0)
			plan_free(p);
	}
	free(keys);
	return rc;
}

static int plans(void *args, int words, char **argv, struct fl_err *err)
{
	const struct plans_args *a = args;
	struct model *model = NULL;
	struct model_job job;
	int rc = job_open(&job, &a->job, false, err);

	(void)words, (void)argv;
	if (rc == 0)
		rc = family_model(job.recipe, &model, err);
	if (rc == 0)
		rc = make_plans(&job, model, a->batch, err);
	if (rc == 0)
		show(job.dev);
	family_model_free(model);
	job_close(&job, rc);
	return rc;
}

int cmd_plans(int argc, char **argv, struct fl_err *err)
{
	struct plans_args args = { 0 };
	int rc = cmd_run(&cmd_plans_options, &args, argc, argv, plans, err);

	job_args_release(&args.job);
	return rc;
}

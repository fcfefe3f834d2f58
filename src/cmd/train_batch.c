/* train_batch.c - a recipe's "auto", or a batch that a run which goes on had
 * otherwise, becomes a number. cmd_train.c calls it once device and ranks are
 * there.
 * Everything that follows (the rate's rule, the agreement of the machines, the
 * checkpoint, config.yml) knows numbers only, so the word is replaced first of
 * all, by an override like those of -o. */
#include "cmd/train_batch.h"

#include "base/log.h"
#include "base/str.h"
#include "ckpt/locate.h"
#include "data/dataset.h"
#include "train/batch_room.h"
#include "train/checkpoint.h"
#include "data/options.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a run that goes on: a step keeps its images, whoever takes them
 * (train/resume.h). */
static int batch_of_run(const char *resume, int ranks, int recipes, int *batch,
			struct fl_err *err)
{
	bool is_auto = recipes == READER_AUTO_BATCH;
	struct checkpoint_origin was = { 0 };
	char path[PATH_MAX];
	int rc = locate_weights(resume, path, sizeof(path), err);

	*batch = recipes;
	if (rc == 0)
		rc = checkpoint_read_origin(path, &was, err);
	/* Steps have the same images: nothing to do. A checkpoint of another
	 * program says nothing of its batch (0). */
	if (rc == 0 && !is_auto &&
	    (was.batch_size < 1 || was.batch_size == recipes ||
	     was.batch_size * was.ranks == (int64_t)recipes * ranks))
		return 0;
	if (rc == 0 && was.batch_size < 1)
		rc = fl_fail(
			err, FL_ERECIPE,
			"'%s' does not say how many images a step had; give a number as batch_size",
			path);
	if (rc != 0)
		return rc;
	*batch = (int)was.batch_size;
	if (is_auto)
		fl_info("batch_size auto: %d, that of the run that goes on (%s)",
			*batch, path);
	else
		fl_info("TrainReader.batch_size: %d, that of the run that goes on, not the recipe's %d, "
			"which would give its steps other images (--new_batch takes it)",
			*batch, recipes);
	return 0;
}

/* Which of the three bounds it was: an epoch of too few steps,
 * the recipe's limit, the machine. */
static void tell(const struct batch_room *room, int images, int world,
		 int local_ranks)
{
	char why[192];

	if (room->batch == room->most)
		snprintf(why, sizeof(why),
			 "%d images over %d %s keep %d steps an epoch", images,
			 world, world == 1 ? "rank" : "ranks",
			 images / world / room->batch);
	else if (room->stated)
		snprintf(why, sizeof(why), "memory_limit is %.0f MiB",
			 room->limit / 0x1p20);
	else
		snprintf(
			why, sizeof(why),
			"%.0f MiB are this rank's of four fifths of the free memory (%d here share it)",
			room->limit / 0x1p20,
			local_ranks > 0 ? local_ranks : 1);
	fl_info("batch_size auto: %d, which takes %.0f MiB at %dx%d; %s",
		room->batch, room->bytes / 0x1p20, room->width, room->height,
		why);
}

/* The data set is opened for its number of pictures and closed again: training
 * opens its own when the batch is settled. */
static int batch_that_fits(struct model_job *job, int local_ranks, int *batch,
			   struct fl_err *err)
{
	struct batch_room room;
	struct dataset data;
	int rc = dataset_open(&data_options(job->recipe)->train,
			      job->recipe->num_classes, &data, err);
	int images = data.count;

	if (rc != 0)
		return fl_context(err, "TrainDataset");
	dataset_close(&data);
	rc = batch_room_find(job->recipe, job->dev, job->comm, images,
			     local_ranks, &room, err);
	if (rc != 0)
		return rc;
	*batch = room.batch;
	tell(&room, images, job->comm->world, local_ranks);
	return 0;
}

/* On the command line, not in the file: then it is meant. */
static bool batch_is_typed(const struct job_args *args)
{
	for (int i = 0; i < args->overrides.count; i++)
		if (fl_starts_with(args->overrides.items[i],
				   "TrainReader.batch_size=") ||
		    fl_starts_with(args->overrides.items[i], "TrainReader="))
			return true;
	return false;
}

int train_settle_batch(struct model_job *job, const struct job_args *args,
		       const char *resume, int batch_ranks, int local_ranks,
		       struct fl_err *err)
{
	char text[64];
	struct recipe *fresh;
	int ranks = batch_ranks > 0 ? batch_ranks : job->comm->world;
	int recipes = data_options(job->recipe)->train_reader.batch_size, batch,
	    rc;

	/* A number in the recipe, and no run that has
	 * another one: the usual start. */
	if (recipes != READER_AUTO_BATCH && (!resume || batch_is_typed(args)))
		return 0;
	rc = resume ? batch_of_run(resume, ranks, recipes, &batch, err)
		    : batch_that_fits(job, local_ranks, &batch, err);
	if (rc != 0 || batch == recipes)
		return rc;
	snprintf(text, sizeof(text), "TrainReader.batch_size=%d", batch);
	rc = job_recipe(args, text, &fresh, err);
	if (rc != 0)
		return rc;
	/* What was settled with the other ranks (precision_settle)
	 * does not come from the file. */
	fresh->precision = job->recipe->precision; /* settled */
	recipe_free(job->recipe);
	job->recipe = fresh;
	return 0;
}

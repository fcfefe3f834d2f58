/* time_loader.c - the loader at work on made-up pictures, by the time that all of
 * this process's threads were on a core: a busy machine makes that no longer, and
 * the training thread only waits meanwhile. Two picture sizes of a step tell
 * apart what a pixel of the file costs (it is decoded) and one of the step (it is
 * sampled, coloured, normalised). */
#include "cost/time_loader.h"

#include "data/loader.h"
#include "data/synth.h"

#include <ftw.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define PICTURES 32
#define WIDTH 640
#define HEIGHT 480
#define BATCH 8
#define STEPS 8
#define SMALL 224
#define LARGE 640

static int remove_one(const char *path, const struct stat *s, int type,
		      struct FTW *place)
{
	(void)s, (void)type, (void)place;
	return remove(path);
}

/* Core seconds of a picture at a size of the step. */
static int time_size(const char *folder, int size, double *seconds,
		     struct fl_err *err)
{
	char dir[256], batch[256];
	const char *const overrides[] = {
		dir, batch, "TrainDataset.image_dir=images/train",
		"TrainDataset.anno_path=annotations/train.json", "num_classes=6"
	};
	struct recipe *recipe = NULL;
	struct dataset data;
	struct loader *loader = NULL;
	clock_t start = 0;
	int rc;

	snprintf(dir, sizeof(dir), "TrainDataset.dataset_dir=%s", folder);
	snprintf(
		batch, sizeof(batch),
		"TrainReader.batch_transforms=[{BatchRandomResize: {target_size: [%d], random_size: true, "
		"random_interp: true}}, {NormalizeImage: {mean: [0.5, 0.5, 0.5], std: [0.2, 0.2, 0.2]}}, "
		"{Permute: {}}, {PadGT: {}}]",
		size);
	rc = recipe_load(COST_RECIPE, overrides, 5, &recipe, err);
	if (rc != 0)
		return rc;
	rc = dataset_open(&data_options(recipe)->train, recipe->num_classes,
			  &data, err);
	if (rc == 0) {
		start = clock();
		rc = loader_open_train(recipe, &data, 0, 1, BATCH, 1, 0, 0,
				       NULL, &loader, err);
		for (int i = 0; rc == 0 && i < STEPS; i++) {
			struct batch *b;
			double waited;

			rc = loader_next(loader, &b, &waited, err);
		}
		loader_close(loader);
		/* The batches that were ready ahead are of it too. */
		*seconds = (double)(clock() - start) / CLOCKS_PER_SEC /
			   (BATCH * (STEPS + LOADER_AHEAD));
		dataset_close(&data);
	}
	recipe_free(recipe);
	return rc;
}

int cost_time_loader(struct cost_machine *m, struct fl_err *err)
{
	const struct synth_options synth = { .train = PICTURES,
					     .val = 1,
					     .width = WIDTH,
					     .height = HEIGHT,
					     .seed = 1 };
	const char *tmp = getenv("TMPDIR");
	double pixels = (double)WIDTH * HEIGHT, small = 0, large = 0;
	double step = (double)LARGE * LARGE - (double)SMALL * SMALL;
	char folder[128];
	int rc;

	snprintf(folder, sizeof(folder), "%.90s/flotilla-plan.%ld",
		 tmp && *tmp ? tmp : "/tmp", (long)getpid());
	rc = synth_make(folder, &synth, err);
	if (rc == 0)
		rc = time_size(folder, SMALL, &small, err);
	if (rc == 0)
		rc = time_size(folder, LARGE, &large, err);
	nftw(folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
	if (rc != 0)
		return rc;
	m->rates.pixel_s = fmax(0, large - small) / step;
	m->rates.decode_s =
		fmax(0, small - (double)SMALL * SMALL * m->rates.pixel_s) /
		pixels;
	return 0;
}

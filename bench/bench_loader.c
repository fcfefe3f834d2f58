/* bench_loader.c - the training reader alone: pictures decoded, distorted,
 * expanded, cropped, flipped, resized and normalised, per second of a core.
 *
 *     bench_loader [--images N, default 600] [--threads N, default 1] [--parts]
 *                  [--hold] [-o key=value]... DATASET_DIR
 *
 * DATASET_DIR holds images/ and annotations/train.json. Prints one line of JSON;
 * the first batches, which find everything cold, are not counted. --parts adds a
 * table of where the time of one picture goes, taken on pictures one by one.
 * --hold prints JSON after "ready" and waits for a line on the standard input
 * first, so that peers can take turns without starting anew. bench/
 * loader_beside.sh does that. */
#include "base/arena.h"
#include "base/clock.h"
#include "base/par.h"
#include "data/loader.h"
#include "data/transform.h"
#include "image/image.h"
#include "data/options.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define RECIPE "configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml"
#define WARM 5 /* batches: the ring fills, buffers grow */
#define MOST_OVERRIDES 32

struct args {
	const char *folder;
	const char *overrides[MOST_OVERRIDES];
	int count, images, threads;
	bool parts, hold;
};

static double core_s(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	       1e-6 * (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}

static int usage(void)
{
	fprintf(stderr,
		"usage: bench_loader [--images N] [--threads N] [--parts] [--hold] "
		"[-o key=value]... DATASET_DIR\n");
	return 2;
}

static bool parse(int argc, char **argv, struct args *a)
{
	for (int i = 1; i < argc; i++) {
		bool more = i + 1 < argc;

		if (strcmp(argv[i], "--parts") == 0)
			a->parts = true;
		else if (strcmp(argv[i], "--hold") == 0)
			a->hold = true;
		else if (strcmp(argv[i], "--images") == 0 && more)
			a->images = atoi(argv[++i]);
		else if (strcmp(argv[i], "--threads") == 0 && more)
			a->threads = atoi(argv[++i]);
		else if (strcmp(argv[i], "-o") == 0 && more &&
			 a->count < MOST_OVERRIDES - 1)
			a->overrides[a->count++] = argv[++i];
		else if (*argv[i] != '-' && !a->folder)
			a->folder = argv[i];
		else
			return false;
	}
	return a->folder && a->images > 0 && a->threads > 0;
}

/* Takes batches until so many images came, or the cold ones; megapixels of
 * output. */
static int take(struct loader *l, int images, int *taken, double *mpixels,
		struct fl_err *err)
{
	*taken = 0;
	*mpixels = 0;
	while (*taken < images) {
		struct batch *b;
		double waited;
		int rc = loader_next(l, &b, &waited, err);

		if (rc != 0)
			return rc;
		*taken += b->n;
		*mpixels += 1e-6 * b->n * b->h * b->w;
	}
	return 0;
}

/* One turn: the loader is opened anew, so that all turns see the same images. */
static int turn(const struct recipe *r, const struct dataset *d,
		const struct args *a, struct fl_err *err)
{
	int n = data_options(r)->train_reader.batch_size, taken;
	double start, core, mpixels;
	struct loader *l;
	int rc = loader_open_train(r, d, 0, 1, n, a->threads, 0, 0, NULL, &l,
				   err);

	if (rc != 0)
		return rc;
	rc = take(l, WARM * n, &taken, &mpixels, err);
	start = fl_now_s();
	core = core_s();
	if (rc == 0)
		rc = take(l, a->images, &taken, &mpixels, err);
	start = fl_now_s() - start;
	core = core_s() - core;
	loader_close(l);
	if (rc != 0)
		return rc;
	printf("{\"peer\": \"flotilla\", \"images\": %d, \"threads\": %d, "
	       "\"images_per_s\": %.1f, \"images_per_core_s\": %.1f, "
	       "\"megapixels_per_core_s\": %.2f}\n",
	       taken, a->threads, taken / start, taken / core, mpixels / core);
	fflush(stdout);
	return 0;
}

/* What one picture costs, step by step, with the draws of epoch 0. */
static int parts(const struct recipe *r, const struct dataset *d, int images,
		 struct fl_err *err)
{
	const struct reader_options *reader = &data_options(r)->train_reader;
	struct transform t = { 0 };
	struct image im = { 0 };
	float *out = NULL;
	double decode = 0, color = 0, all = 0;
	int rc = 0;

	for (int i = 0; rc == 0 && i < images; i++) {
		const struct data_image *from = &d->images[i % d->count];
		struct fl_rng rng =
			fl_rng_open(0, FL_RNG_AUGMENT, 0, (uint64_t)i);
		struct draws draws;
		int size, interp;
		double start = fl_now_s(), decoded, done;

		rc = image_read(from->path, &im, err);
		if (rc != 0)
			break;
		decoded = fl_now_s();
		draws_batch(reader, &rng, &size, &interp);
		draws_make(&draws, reader, &rng, im.w, im.h, NULL, 0);
		color_apply(&im, &draws, 0, 0, im.w, im.h);
		done = fl_now_s();
		draws.colors = 0;
		out = fl_realloc(out, sizeof(*out) * 3 *
					      (size_t)reader->sizes[size][0] *
					      (size_t)reader->sizes[size][1]);
		transform_train(&t, reader, &im, &draws, interp,
				reader->sizes[size][1], reader->sizes[size][0],
				out);
		decode += decoded - start;
		color += done - decoded;
		all += fl_now_s() - start;
	}
	if (rc == 0)
		printf("of one picture (%d of them, no crop): decode %.2f ms, "
		       "colours %.2f ms, geometry and normalise %.2f ms\n",
		       images, 1e3 * decode / images, 1e3 * color / images,
		       1e3 * (all - decode - color) / images);
	free(out);
	image_release(&im);
	transform_release(&t);
	return rc;
}

static int turns(const struct recipe *r, const struct dataset *d,
		 const struct args *a, struct fl_err *err)
{
	char line[64];
	int rc = 0;

	if (!a->hold)
		return turn(r, d, a, err);
	printf("ready\n");
	fflush(stdout);
	while (rc == 0 && fgets(line, sizeof(line), stdin))
		rc = turn(r, d, a, err);
	return rc;
}

int main(int argc, char **argv)
{
	struct args a = { .images = 600, .threads = 1 };
	struct fl_err err = FL_ERR_INIT;
	struct recipe *recipe = NULL;
	struct dataset data = { 0 };
	char set[4200];
	int rc;

	if (!parse(argc, argv, &a))
		return usage();
	snprintf(set, sizeof(set),
		 "TrainDataset={name: COCODataSet, dataset_dir: '%s', "
		 "image_dir: images, anno_path: annotations/train.json}",
		 a.folder);
	a.overrides[a.count++] = set;
	fl_par_init(1);
	rc = recipe_load(RECIPE, a.overrides, a.count, &recipe, &err);
	if (rc == 0)
		rc = dataset_open(&data_options(recipe)->train, 0, &data, &err);
	if (rc == 0)
		rc = turns(recipe, &data, &a, &err);
	if (rc == 0 && a.parts)
		rc = parts(recipe, &data, a.images, &err);
	if (rc != 0)
		fprintf(stderr, "bench_loader: %s\n", err.text);
	dataset_close(&data);
	recipe_free(recipe);
	return fl_exit_status(rc);
}

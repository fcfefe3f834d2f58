/* Batches that the reference made, made again from its recorded draws
 * (make_replay.py): order, sizes, every box bit for bit, pixels.
 *
 * tests/golden/replay comes from
 *     PPDET=<checkout> OMP_NUM_THREADS=1 <venv>/bin/python
 *         tests/golden/make_replay.py OUT --steps 50
 *         --weights ../shared/oracle/golden/formats/model_final.pdparams
 *         -c configs/ppyoloe/bccd_s_256_60e.yml -o width_mult=0.125
 * and its losses are held against a training run in tests/e2e/replay.sh.
 *
 * Pixels are of normalised images (1 is about 58 of 255): Lanczos4 weights are
 * rounded early by OpenCV, so 1e-4; sums over an image, where the differences
 * cancel, to 1e-6 of its l2. */
#include "base/file.h"
#include "data/loader.h"
#include "data/options.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define DATA "../shared/data/bccd"
#define RECIPE "configs/ppyoloe/bccd_s_256_60e.yml"
#define GOLDEN "tests/golden/replay/"
#define PIXELS 8

struct golden_image {
	int epoch, step, boxes;
	long long id;
	double box_sum, box_l2, sum, l2, at[PIXELS];
};

static bool next_row(FILE *f, struct golden_image *g)
{
	int n = fscanf(f, "%d %d %lld %d %lf %lf %lf %lf", &g->epoch, &g->step,
		       &g->id, &g->boxes, &g->box_sum, &g->box_l2, &g->sum,
		       &g->l2);

	for (int i = 0; i < PIXELS; i++)
		n += fscanf(f, "%lf", &g->at[i]);
	return n == 8 + PIXELS;
}

static void check_boxes(const struct batch *b, int i,
			const struct golden_image *g)
{
	const float *v = b->boxes + (size_t)(i * b->most) * 4;
	double sum = 0, squares = 0;

	assert_int_equal(b->counts[i], g->boxes);
	for (int k = 0; k < 4 * g->boxes; k++) {
		sum += (double)v[k];
		squares += (double)v[k] * (double)v[k];
	}
	assert_true(sum == g->box_sum);
	assert_true(sqrt(squares) == g->box_l2);
}

/* Ours lie as [h][w][3], the reference's as [3][h][w]. */
static void check_pixels(const struct batch *b, int i,
			 const struct golden_image *g)
{
	size_t area = (size_t)b->h * (size_t)b->w, n = 3 * area;
	const float *v = b->image + (size_t)i * n;
	double sum = 0, squares = 0;

	for (size_t k = 0; k < n; k++) {
		sum += (double)v[k];
		squares += (double)v[k] * (double)v[k];
	}
	if (fabs(sum - g->sum) > 1e-6 * sqrt((double)n) * g->l2 ||
	    fabs(sqrt(squares) - g->l2) > 1e-6 * g->l2)
		fail_msg("image %lld: sum %.9g, l2 %.9g; due %.9g, %.9g", g->id,
			 sum, sqrt(squares), g->sum, g->l2);
	for (size_t k = 0; k < PIXELS; k++) {
		size_t at = k * n / PIXELS, c = at / area, p = at % area;

		if (fabs((double)v[3 * p + c] - g->at[k]) > 1e-4)
			fail_msg("image %lld, value %zu: %.9g, due %.9g", g->id,
				 at, (double)v[3 * p + c], g->at[k]);
	}
}

static void test_batches(void **state)
{
	const char *set[] = { "TrainDataset.dataset_dir=" DATA,
			      "sampler=paddle" };
	struct loader_tapes tapes = { .replay = GOLDEN "draws.jsonl" };
	struct fl_err err = FL_ERR_INIT;
	struct golden_image g;
	struct recipe *recipe;
	struct dataset data;
	struct loader *l;
	struct batch *b = NULL;
	double waited;
	int images = 0;
	FILE *f = fopen(GOLDEN "batches.tsv", "r");

	(void)state;
	if (!fl_is_dir(DATA)) {
		printf("skipped: no %s\n", DATA);
		skip();
	}
	assert_non_null(f);
	assert_int_equal(recipe_load(RECIPE, set, 2, &recipe, &err), 0);
	assert_int_equal(
		dataset_open(&data_options(recipe)->train, 3, &data, &err), 0);
	if (loader_open_train(recipe, &data, 0, 1,
			      data_options(recipe)->train_reader.batch_size, 2,
			      0, 0, &tapes, &l, &err))
		fail_msg("%s", err.text);
	while (next_row(f, &g)) {
		int i = images++ % 8;

		if (i == 0 && loader_next(l, &b, &waited, &err) != 0)
			fail_msg("%s", err.text);
		assert_non_null(b);
		assert_int_equal(b->epoch, g.epoch);
		assert_int_equal(b->step, g.step);
		assert_int_equal(data.images[b->index[i]].id, g.id);
		check_boxes(b, i, &g);
		check_pixels(b, i, &g);
	}
	assert_int_equal(images, 400);
	assert_int_equal(loader_next(l, &b, &waited, &err), 0);
	assert_null(b);
	loader_close(l);
	dataset_close(&data);
	recipe_free(recipe);
	fclose(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_batches) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}

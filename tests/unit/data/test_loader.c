/* Batches are a function of (seed, epoch, step): not of threads, ranks or where
 * a run began. Pictures are made here. */
#include "base/par.h"
#include "data/synth.h"

#include "support/batches.h"
#include "data/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

/* A recipe's, for a test to change. */
static struct reader_options *train_reader(struct recipe *r)
{
	struct data_options *o = recipe_options(r, &data_part);

	return &o->train_reader;
}

static struct recipe *recipe;
static struct dataset data;
static char dir[64];

static struct loader *train(int rank, int world, int threads, int epoch,
			    int step)
{
	return must_open(recipe, &data, rank, world, threads, epoch, step,
			 NULL);
}

static size_t floats(const struct batch *b)
{
	return (size_t)b->n * (size_t)b->h * (size_t)b->w * 3;
}

static void test_threads(void **state)
{
	struct loader *a = train(0, 1, 1, 0, 0), *b = train(0, 1, 4, 0, 0);

	(void)state;
	for (int i = 0; i < 8; i++)
		same_batch(next(a), next(b));
	loader_close(a);
	loader_close(b);
}

/* Two ranks of 2 hold what one rank of 4 holds. */
static void test_ranks(void **state)
{
	struct loader *one = train(0, 1, 2, 0, 0), *half[2];

	(void)state;
	train_reader(recipe)->batch_size = 2;
	half[0] = train(0, 2, 1, 0, 0);
	half[1] = train(1, 2, 1, 0, 0);
	for (int i = 0; i < 6; i++) {
		struct batch *whole = next(one);

		for (int r = 0; r < 2; r++) {
			struct batch *b = next(half[r]);

			assert_int_equal(b->h, whole->h);
			assert_memory_equal(
				b->image, whole->image + (size_t)r * floats(b),
				floats(b) * sizeof(float));
			assert_memory_equal(b->counts, whole->counts + 2 * r,
					    2 * sizeof(int));
		}
	}
	for (int r = 0; r < 2; r++)
		loader_close(half[r]);
	train_reader(recipe)->batch_size = 4;
	loader_close(one);
}

static void test_resume_within_epoch(void **state)
{
	struct loader *a = train(0, 1, 2, 0, 0), *b;

	(void)state;
	/* to step 2 of epoch 1 */
	for (int i = 0; i < loader_steps_per_epoch(a) + 2; i++)
		next(a);
	b = train(0, 1, 2, 1, 2);
	for (int i = 0; i < 4; i++)
		same_batch(next(a), next(b));
	loader_close(a);
	loader_close(b);
}

/* Another epoch has other draws and another order. */
static void test_epochs_differ(void **state)
{
	struct loader *a = train(0, 1, 1, 0, 0), *b = train(0, 1, 1, 1, 0);
	struct batch *x = next(a), *y = next(b);

	(void)state;
	assert_true(x->h != y->h ||
		    memcmp(x->image, y->image, floats(x) * 4) != 0);
	loader_close(a);
	loader_close(b);
}

/* A picture that cannot be decoded is replaced by the next, on any number of
 * threads alike, and counted. */
static void test_bad_picture(void **state)
{
	struct dataset keep = data;
	struct data_image *images = calloc((size_t)data.count, sizeof(*images));
	struct bad_picture found;
	struct loader *a, *b;

	(void)state;
	memcpy(images, data.images, (size_t)data.count * sizeof(*images));
	images[3].path = "configs/runtime.yml";
	data.images = images;
	a = train(0, 1, 1, 0, 0);
	b = train(0, 1, 4, 0, 0);
	for (int i = 0; i < 5; i++)
		same_batch(next(a), next(b));
	assert_int_equal(loader_take_bad(a, &found, 1), 1);
	assert_int_equal(found.index, 3);
	assert_non_null(strstr(found.why, "configs/runtime.yml"));
	assert_int_equal(loader_take_bad(a, &found, 1), 0);
	loader_close(a);
	loader_close(b);
	for (int i = 0; i < data.count; i++)
		images[i].path = "configs/runtime.yml";
	a = train(0, 1, 2, 0, 0);
	{
		struct fl_err err = FL_ERR_INIT;
		struct batch *none;
		double waited;

		assert_int_equal(loader_next(a, &none, &waited, &err),
				 FL_EDATA);
	}
	loader_close(a);
	data = keep;
	free(images);
}

/* Evaluation: each image once, in order, over ranks; the last batch padded. */
static void test_eval(void **state)
{
	int *seen = calloc((size_t)data.count, sizeof(int));

	(void)state;
	for (int r = 0; r < 3; r++) {
		struct fl_err err = FL_ERR_INIT;
		struct loader *l;
		struct batch *b;
		double waited;

		assert_int_equal(
			loader_open_eval(&data_options(recipe)->eval_reader,
					 &data, 2, r, 3, 2, &l, &err),
			0);
		while (loader_next(l, &b, &waited, &err) == 0 && b)
			for (int i = 0; i < b->n; i++)
				if (b->index[i] >= 0)
					seen[b->index[i]]++;
		loader_close(l);
	}
	for (int i = 0; i < data.count; i++)
		assert_int_equal(seen[i], 1);
	free(seen);
}

static int setup(void **state)
{
	static const char *o[4] = {
		"TrainReader.batch_size=4",
		"TrainReader.batch_transforms=[{BatchRandomResize: "
		"{target_size: [64, 96], random_size: true, random_interp: true}}, "
		"{NormalizeImage: {}}]",
		NULL
	};
	struct synth_options synth = {
		.train = 32, .val = 1, .width = 80, .height = 72, .seed = 5
	};
	struct fl_err err = FL_ERR_INIT;
	char where[96];

	(void)state;
	snprintf(dir, sizeof(dir), "/tmp/loader.%d", (int)getpid());
	snprintf(where, sizeof(where), "TrainDataset.dataset_dir=%s", dir);
	o[2] = where;
	if (synth_make(dir, &synth, &err) != 0 ||
	    recipe_load("configs/demo/ppyoloe_demo.yml", o, 3, &recipe, &err) ||
	    dataset_open(&data_options(recipe)->train, 6, &data, &err) != 0) {
		printf("%s\n", err.text);
		return -1;
	}
	return data.count >= 16 ? 0 : -1;
}

static int teardown(void **state)
{
	char command[96];

	(void)state;
	dataset_close(&data);
	recipe_free(recipe);
	snprintf(command, sizeof(command), "rm -rf %s", dir);
	return system(command);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_threads),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_resume_within_epoch),
		cmocka_unit_test(test_epochs_differ),
		cmocka_unit_test(test_bad_picture),
		cmocka_unit_test(test_eval),
	};

	fl_par_init(1);
	return cmocka_run_group_tests(tests, setup, teardown);
}

/* Records of random draws: what is written is read back and gives the same
 * batches; faults are refused with file and line. Pictures are made here. */
#include "base/file.h"
#include "base/par.h"
#include "data/synth.h"

#include "support/batches.h"
#include "support/scratch.h"
#include "data/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

/* A recipe's, for a test to change. */
static struct reader_options *train_reader(struct recipe *r)
{
	struct data_options *o = recipe_options(r, &data_part);

	return &o->train_reader;
}

static struct recipe *recipe, *other; /* of seeds 0 and 77 */
static struct dataset data;

static int open_loader(const struct recipe *r, int world, const char *record,
		       const char *replay, struct loader **l,
		       struct fl_err *err)
{
	struct loader_tapes tapes = { record, replay };

	return loader_open_train(
		r, &data, 0, world,
		world * data_options(r)->train_reader.batch_size, 2, 0, 0,
		&tapes, l, err);
}

static struct loader *opened(const struct recipe *r, const char *record,
			     const char *replay)
{
	struct loader_tapes tapes = { record, replay };

	struct loader *l = must_open(r, &data, 0, 1, 2, 0, 0, &tapes);
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(loader_begin_record(l, &err), 0);
	return l;
}

static void same_file(const char *a, const char *b)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_map x, y;

	assert_int_equal(fl_map_open(&x, a, &err), 0);
	assert_int_equal(fl_map_open(&y, b, &err), 0);
	assert_int_equal(x.size, y.size);
	assert_memory_equal(x.data, y.data, x.size);
	fl_map_close(&x);
	fl_map_close(&y);
}

/* Steps recorded under one seed, replayed under another, are the same and are
 * recorded alike; then the replay ends. */
static void test_round_trip(void **state)
{
	const char *first = scratch_path("first.jsonl");
	const char *second = scratch_path("second.jsonl");
	struct loader *a = opened(recipe, first, NULL), *b;
	int differ = 0, steps = loader_steps_per_epoch(a) + 2;

	(void)state;
	b = opened(other, NULL, NULL);
	for (int i = 0; i < steps; i++) {
		struct batch *x = next(a), *y = next(b);

		differ += x->h != y->h || memcmp(x->image, y->image, 1024) != 0;
	}
	assert_true(differ > 0); /* or the seeds would not show a thing */
	loader_close(a);
	loader_close(b);
	a = opened(recipe, NULL, NULL);
	b = opened(other, second, first);
	for (int i = 0; i < steps; i++)
		same_batch(next(a), next(b));
	assert_null(next(b));
	loader_close(a);
	loader_close(b);
	same_file(first, second);
}

/* A start that fails leaves the record of an earlier run as it was. */
static void test_older_record(void **state)
{
	const char *path = scratch_path("older.jsonl");
	const char *fresh = scratch_path("fresh.jsonl");
	struct loader_tapes tapes = { path, NULL };
	struct fl_err err = FL_ERR_INIT;
	struct loader *l, *second;
	struct fl_map map;

	(void)state;
	assert_int_equal(fl_write_file(path, "older\n", 6, &err), 0);
	l = must_open(recipe, &data, 0, 1, 2, 0, 0, &tapes);
	next(l);
	assert_int_equal(open_loader(recipe, 1, path, NULL, &second, &err),
			 FL_EUSAGE);
	assert_non_null(strstr(err.text, "written by another process"));
	loader_close(l);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	assert_memory_equal(map.data, "older\n", 6);
	fl_map_close(&map);
	l = must_open(recipe, &data, 0, 1, 2, 0, 0, &tapes);
	next(l);
	assert_int_equal(loader_begin_record(l, &err), 0);
	loader_close(l);
	assert_int_equal(fl_map_open(&map, path, &err), 0);
	assert_memory_equal(map.data, "{\"epoch\": 0", 11);
	fl_map_close(&map);
	tapes.record = fresh;
	loader_close(must_open(recipe, &data, 0, 1, 2, 0, 0, &tapes));
	assert_false(fl_exists(fresh));
}

#define BATCH "{\"epoch\": 0, \"step\": 0, \"size\": [96, 96], \"interp\": 1}\n"
#define OPS(ops)                                                                    \
	"{\"epoch\": 0, \"step\": 0, \"image\": 1, \"width\": 96, \"height\": 96, " \
	"\"ops\": [" ops "]}\n"

static const struct {
	const char *text, *why;
} faults[] = {
	{ "", "records no step" },
	{ OPS(""), "records no step" },
	{ "{\"epoch\": 0\n", "line 1: record of draws" },
	{ "{\"step\": 0}\n", "'epoch'" },
	{ "{\"epoch\": -1, \"step\": 0}\n", "'epoch' is -1, outside 0 to" },
	{ "{\"epoch\": 0, \"step\": 99}\n", "'step' is 99, outside 0 to" },
	{ "7\n", "'epoch'" },
	{ "{\"epoch\": 0, \"step\": 0}\n", "'size' is not [height, width]" },
	{ "{\"epoch\": 0, \"step\": 0, \"size\": 96, \"interp\": 1}\n",
	  "'size' is not [height, width]" },
	{ "{\"epoch\": 0, \"step\": 0, \"size\": [97, 96], \"interp\": 1}\n",
	  "97 x 96 is no size of the recipe's BatchRandomResize" },
	{ "{\"epoch\": 0, \"step\": 0, \"size\": [96, 96], \"interp\": 5}\n",
	  "'interp' is 5, outside 0 to 4" },
	{ "{\"epoch\": 0, \"step\": 0, \"rank\": 1, \"size\": [96, 96], "
	  "\"interp\": 1}\n",
	  "'rank' is 1, outside 0 to 0" },
	{ BATCH
	  "{\"epoch\": 0, \"step\": 2, \"size\": [96, 96], \"interp\": 1}\n",
	  "goes from step 0 of epoch 0 to step 2 of epoch 0" },
	{ BATCH BATCH, "goes from step 0 of epoch 0 to step 0 of epoch 0" },
	{ "{\"epoch\": 0, \"step\": 1, \"size\": [96, 96], \"interp\": 1}\n",
	  "does not hold step 0 of epoch 0, where this run begins" },
	{ BATCH OPS("") OPS(""), "image 1 twice in one step, in lines" },
	{ BATCH "{\"epoch\": 0, \"step\": 0, \"image\": 999, \"width\": 1, "
		"\"height\": 1, \"ops\": []}\n",
	  "line 2: image 999 is not in the data set" },
	{ BATCH "{\"epoch\": 0, \"step\": 0, \"image\": 1, \"width\": 0, "
		"\"height\": 1, \"ops\": []}\n",
	  "'width' is 0" },
	{ BATCH "{\"epoch\": 0, \"step\": 0, \"image\": 1, \"width\": 96, "
		"\"height\": 96}\n",
	  "'ops' is no list" },
	{ BATCH OPS("7"), "begins with its name" },
	{ BATCH OPS("[\"rotate\", 7]"),
	  "'rotate' is no operation of a record" },
	{ BATCH OPS("[\"hue\"]"), "'hue' needs one factor" },
	{ BATCH OPS("[\"hue\", 1e300]"), "'hue' needs one factor" },
	{ BATCH OPS("[\"hue\", 1], [\"hue\", 2]"), "'hue' stands there twice" },
	{ BATCH OPS("[\"flip\"], [\"hue\", 2]"), "'hue' out of order" },
	{ BATCH OPS("[\"flip\"], [\"flip\"]"), "'flip' out of order" },
	{ BATCH OPS("[\"flip\", 1]"), "'flip' needs 0 numbers, it has 1" },
	{ BATCH OPS("[\"expand\", 200, 200, 1]"), "'expand' needs 4 numbers" },
	{ BATCH OPS("[\"expand\", 200, 200, 105, 0]"),
	  "a picture of 96 x 96 at 105, 0 does not lie in a canvas of 200 x 200" },
	{ BATCH OPS("[\"expand\", 90, 200, 0, 0]"),
	  "does not lie in a canvas" },
	{ BATCH OPS("[\"crop\", 0, 0, 0, 9]"), "a crop of 0 x 9" },
	{ BATCH OPS("[\"crop\", 90, 0, 7, 9]"),
	  "a crop of 7 x 9 at 90, 0 does not lie in a picture of 96 x 96" },
	{ BATCH OPS("[\"crop\", -1, 0, 7, 9]"), "number 1 of 'crop'" },
	{ BATCH OPS("[\"crop\", 1.5, 0, 7, 9]"), "number 1 of 'crop'" },
};

static void test_faults(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(faults) / sizeof(*faults); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct loader *l;
		const char *path = scratch_file("fault.jsonl", faults[i].text,
						strlen(faults[i].text));
		int rc = open_loader(recipe, 1, NULL, path, &l, &err);

		if (rc != FL_EDATA || !strstr(err.text, faults[i].why) ||
		    !strstr(err.text, "fault.jsonl"))
			fail_msg("fault %zu: code %d, '%s'; due was '%s'", i,
				 rc, err.text, faults[i].why);
	}
}

/* A chain without a step refuses a record that has it. */
static void test_other_chain(void **state)
{
	const char *text = BATCH OPS("[\"expand\", 200, 200, 1, 1]");
	const char *path = scratch_file("chain.jsonl", text, strlen(text));
	struct fl_err err = FL_ERR_INIT;
	struct loader *l;

	(void)state;
	train_reader(recipe)->expand = false;
	assert_int_equal(open_loader(recipe, 1, NULL, path, &l, &err),
			 FL_EDATA);
	train_reader(recipe)->expand = true;
	assert_non_null(strstr(err.text, "has no RandomExpand"));
}

/* Sizes of one rank alone would leave the others waiting. */
static void test_ranks(void **state)
{
	const char *text =
		"{\"epoch\": 0, \"step\": 0, \"rank\": 0, \"size\": [96, 96], \"interp\": 1}\n";
	const char *path = scratch_file("ranks.jsonl", text, strlen(text));
	struct fl_err err = FL_ERR_INIT;
	struct loader *l;

	(void)state;
	assert_int_equal(open_loader(recipe, 2, NULL, path, &l, &err),
			 FL_EDATA);
	assert_non_null(strstr(err.text, "no batch of rank 1 for step 0"));
}

/* What only shows when the picture is at hand. */
static void test_pictures(void **state)
{
	const char *texts[] = {
		BATCH, BATCH "{\"epoch\": 0, \"step\": 0, \"image\": 1, "
			     "\"width\": 9, \"height\": 96, \"ops\": []}\n"
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		const char *path = scratch_file("pictures.jsonl", texts[i],
						strlen(texts[i]));
		struct loader *l = opened(recipe, NULL, path);
		struct fl_err err = FL_ERR_INIT;
		struct batch *b;
		double waited;

		assert_int_equal(loader_next(l, &b, &waited, &err), FL_EDATA);
		assert_null(b);
		assert_true(
			strstr(err.text, "has no draws for image") ||
			strstr(err.text,
			       "line 2 was recorded for a picture of 9 x 96"));
		loader_close(l);
	}
}

/* The demo's chain has no expansion. */
static void add_expand(struct recipe *r)
{
	train_reader(r)->expand = true;
	train_reader(r)->expand_ratio = 4;
	train_reader(r)->expand_prob = 0.5;
}

static int setup(void **state)
{
	static const struct synth_options synth = {
		.train = 16, .val = 1, .width = 96, .height = 96
	};
	char dir[256], where[300];
	const char *set[] = { "sampler=paddle", where, "seed=77",
			      "TrainReader.batch_size=4" };
	struct fl_err err = FL_ERR_INIT;

	(void)state;
	snprintf(dir, sizeof(dir), "%s", scratch_dir());
	snprintf(where, sizeof(where), "TrainDataset.dataset_dir=%s", dir);
	if (synth_make(dir, &synth, &err) != 0 ||
	    recipe_load("configs/demo/ppyoloe_demo.yml", set, 4, &other,
			&err) ||
	    dataset_open(&data_options(other)->train, 6, &data, &err) != 0)
		goto failed;
	set[2] = "seed=0";
	if (recipe_load("configs/demo/ppyoloe_demo.yml", set, 4, &recipe, &err))
		goto failed;
	add_expand(recipe);
	add_expand(other);
	return 0;
failed:
	printf("%s\n", err.text);
	return -1;
}

static int teardown(void **state)
{
	(void)state;
	dataset_close(&data);
	recipe_free(recipe);
	recipe_free(other);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_round_trip),
		cmocka_unit_test(test_older_record),
		cmocka_unit_test(test_faults),
		cmocka_unit_test(test_other_chain),
		cmocka_unit_test(test_ranks),
		cmocka_unit_test(test_pictures),
	};

	fl_par_init(1);
	return cmocka_run_group_tests(tests, setup, teardown);
}

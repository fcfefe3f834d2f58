/* Recipes: every file of configs/ loads with the reference's values; bad ones are refused with
 * file, line and name. */
#include "config/recipe.h"
#include "family/ppyoloe/ppyoloe_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/rng.h"
#include "data/options.h"
#include "optim/options.h"
#include "support/scratch.h"
#include "train/options.h"

static const struct ppyoloe_options *ppyoloe_of(const struct recipe *r)
{
	return recipe_options(r, &ppyoloe_part);
}

static void test_own_recipes(void **state)
{
	static const struct {
		const char *path;
		int epoch, classes;
		double lr;
	} list[] = {
		{ "configs/ppyoloe/ppyoloe_crn_s_300e_coco.yml", 300, 80,
		  0.01 },
		{ "configs/ppyoloe/ppyoloe_crn_m_300e_coco.yml", 300, 80,
		  0.01 },
		{ "configs/ppyoloe/ppyoloe_crn_l_300e_coco.yml", 300, 80,
		  0.01 },
		{ "configs/ppyoloe/ppyoloe_crn_x_300e_coco.yml", 300, 80,
		  0.01 },
		{ "configs/ppyoloe/ppyoloe_crn_s_400e_coco.yml", 400, 80,
		  0.01 },
		{ "configs/ppyoloe/ppyoloe_plus_crn_s_80e_coco.yml", 80, 80,
		  0.001 },
		{ "configs/ppyoloe/ppyoloe_plus_crn_x_80e_coco.yml", 80, 80,
		  0.001 },
		{ "configs/ppyoloe/objects365/ppyoloe_plus_crn_l_60e_objects365.yml",
		  60, 365, 0.001 },
		{ "configs/ppyoloe/bccd_s_256_60e.yml", 60, 3, 0.005 },
		{ "configs/ppyoloe/bccd_s_320.yml", 20, 3, 0.005 },
		{ "configs/demo/ppyoloe_demo.yml", 0, 6, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct recipe *r = NULL;

		if (recipe_load(list[i].path, NULL, 0, &r, &err) != 0)
			fail_msg("%s", err.text);
		if (list[i].epoch)
			assert_int_equal(run_options(r)->epoch, list[i].epoch);
		assert_int_equal(r->num_classes, list[i].classes);
		if (list[i].lr > 0)
			assert_true(schedule_options(r)->base_lr == list[i].lr);
		/* the demo's objects are small enough as they are */
		assert_true(data_options(r)->train_reader.distort);
		assert_true(data_options(r)->train_reader.expand ||
			    !list[i].epoch);
		assert_int_equal(schedule_options(r)->count, 2);
		recipe_free(r);
	}
}

/* The reference's own files of the detector family, unmodified, from a checkout named by PPDET. */
static void test_reference_recipes(void **state)
{
	static const char *const names[] = {
		"ppyoloe_crn_s_300e_coco",     "ppyoloe_crn_m_300e_coco",
		"ppyoloe_crn_l_300e_coco",     "ppyoloe_crn_x_300e_coco",
		"ppyoloe_crn_s_400e_coco",     "ppyoloe_plus_crn_s_80e_coco",
		"ppyoloe_plus_crn_m_80e_coco", "ppyoloe_plus_crn_l_80e_coco",
		"ppyoloe_plus_crn_x_80e_coco"
	};
	const char *root = getenv("PPDET");

	(void)state;
	if (!root) {
		printf("skipped: PPDET does not name a checkout of PaddleDetection\n");
		skip();
	}
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct recipe *theirs = NULL, *ours = NULL;
		char path[4096], own[256];

		snprintf(path, sizeof(path), "%s/configs/ppyoloe/%s.yml", root,
			 names[i]);
		snprintf(own, sizeof(own), "configs/ppyoloe/%s.yml", names[i]);
		if (recipe_load(path, NULL, 0, &theirs, &err) != 0 ||
		    recipe_load(own, NULL, 0, &ours, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(run_options(theirs)->epoch,
				 run_options(ours)->epoch);
		assert_true(schedule_options(theirs)->base_lr ==
			    schedule_options(ours)->base_lr);
		assert_int_equal(ppyoloe_of(theirs)->static_epochs,
				 ppyoloe_of(ours)->static_epochs);
		assert_int_equal(schedule_options(theirs)->list[0].max_epochs,
				 schedule_options(ours)->list[0].max_epochs);
		assert_true(schedule_options(theirs)->list[1].epochs ==
			    schedule_options(ours)->list[1].epochs);
		assert_string_equal(run_options(theirs)->pretrain_weights,
				    run_options(ours)->pretrain_weights);
		assert_memory_equal(
			data_options(theirs)->train_reader.sizes,
			data_options(ours)->train_reader.sizes,
			sizeof(data_options(ours)->train_reader.sizes));
		assert_int_equal(data_options(theirs)->train_reader.mean_std,
				 data_options(ours)->train_reader.mean_std);
		assert_int_equal(run_options(theirs)->snapshot_epoch,
				 run_options(ours)->snapshot_epoch);
		recipe_free(theirs);
		recipe_free(ours);
	}
}

#define GOOD "architecture: YOLOv3\nnum_classes: 3\n"

static int load_text(const char *text, const char *const *o, int n,
		     struct recipe **out, struct fl_err *err)
{
	char path[64];
	int rc;

	snprintf(path, sizeof(path), "/tmp/recipe.%d.yml", (int)getpid());
	assert_int_equal(fl_write_file(path, text, strlen(text), err), 0);
	rc = recipe_load(path, o, n, out, err);
	unlink(path);
	return rc;
}

struct bad_recipe {
	const char *text, *says;
};

static void check_bad(const struct bad_recipe *list, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		struct fl_err err = FL_ERR_INIT;
		struct recipe *r = NULL;

		assert_int_equal(load_text(list[i].text, NULL, 0, &r, &err),
				 FL_ERECIPE);
		if (!strstr(err.text, list[i].says))
			fail_msg("'%s' should say '%s'", err.text,
				 list[i].says);
	}
}

/* Recipes of other families, and what the reference fails on too. */
static void test_foreign_recipes(void **state)
{
	static const struct bad_recipe list[] = {
		{ GOOD "slim: Pruner\n", "'slim' is not possible" },
		{ GOOD "slim: QAT\n",
		  ".yml:3: the key 'slim: QAT' belongs to quantisation" },
		{ "architecture: PPYOLOEWithAuxHead\n",
		  "PPYOLOEWithAuxHead' belongs to the tiny models" },
		{ GOOD "metric: RBOX\n", "belongs to PP-YOLOE-R" },
		{ GOOD "log_itr: 3\nPPYOLOEHead: {reg_range: [-2, 8]}\n",
		  ".yml:4: the key 'PPYOLOEHead.reg_range' belongs to PP-YOLOE-SOD" },
		{ GOOD "EvalDataset: !SlicedCOCODataSet {image_dir: a}\n",
		  "belongs to evaluation in slices" },
		{ GOOD "TrainReader: {batch_transforms: [\n"
		       "  {BatchRandomResize: {target_size: [12, 64]}}]}\n",
		  ".yml:4: 'BatchRandomResize.target_size' is 12, but must be at least 32" },
		{ GOOD
		  "TrainReader: {sample_transforms: [{Decode: {}},\n"
		  "  {Resize: {target_size: [9, 64], keep_ratio: true, interp: 2}}]}\n",
		  ".yml:4: 'Resize.target_size' is 9, but must be within 32" },
		{ GOOD "TrainReader: {sample_transforms: [{Decode: {}},\n"
		       "  {Resize: {keep_ratio: true, interp: 2}}]}\n",
		  "'Resize' needs a 'target_size'" },
		{ GOOD
		  "TrainReader: {sample_transforms: [{Decode: {}},\n"
		  "  {Resize: {target_size: 64, keep_ratio: true, interp: 1}}]}\n",
		  "'Resize.interp' can only be 2" },
		{ GOOD "CSPResNet: {layers: ~}\n",
		  "must be a list of 4 numbers" },
	};

	(void)state;
	check_bad(list, sizeof(list) / sizeof(list[0]));
}

static void test_bad_recipes(void **state)
{
	static const struct bad_recipe list[] = {
		{ "num_classes: 3\n", "'architecture' is missing" },
		{ "architecture: YOLOv3\n", "'num_classes' is missing" },
		{ GOOD "log_itr: 3\n",
		  ".yml:3: unknown key 'log_itr'; did you mean 'log_iter'?" },
		{ GOOD "epoch: many\n",
		  ".yml:3: 'epoch' must be a whole number, not text 'many'" },
		{ GOOD "epoch: 0\n",
		  "'epoch' is 0, but must be within 1 and 100000" },
		{ GOOD "epoch: 2.5\n", "must be a whole number" },
		{ GOOD "norm_type: gn\n",
		  "'norm_type' is 'gn', but must be one of bn|sync_bn" },
		{ GOOD "use_ema: 3\n", "'use_ema' must be true or false" },
		{ GOOD "eval_size: [640]\n", "must be a list of 2 numbers" },
		{ GOOD "LearningRate: 0.1\n",
		  "'LearningRate' must be a mapping" },
		{ GOOD "LearningRate:\n  base_lrr: 0.1\n",
		  ".yml:4: unknown key 'LearningRate.base_lrr'" },
		{ GOOD "LearningRate:\n  schedulers:\n  - name: CosDecay\n",
		  "unknown schedule 'CosDecay'" },
		{ GOOD
		  "LearningRate: {schedulers: [!ExpWarmup {start_factor: 0.1}]}\n",
		  "unknown key 'start_factor'" },
		{ GOOD "OptimizerBuilder:\n  optimizer: {type: Adam}\n",
		  "'OptimizerBuilder.optimizer.type' can only be Momentum" },
		{ GOOD "PPYOLOEHead:\n  use_varifocal_loss: false\n",
		  "can only be true" },
		{ GOOD "PPYOLOEHead: {nms: {nms_threshold: 1.5}}\n",
		  "must be within 0 and 1" },
		{ GOOD "TrainReader: {batch_sise: 2}\n",
		  "unknown key 'batch_sise' in 'TrainReader'; did you mean 'batch_size'?" },
		{ GOOD "TrainReader: {batch_size: 0}\n",
		  "must be within 1 and 65536" },
		{ GOOD "TrainReader: {sample_transforms: [{RandomFlp: {}}]}\n",
		  "unknown transform 'RandomFlp'; did you mean 'RandomFlip'?" },
		{ GOOD
		  "TrainReader: {sample_transforms: [{RandomFlip: {}}, {Decode: {}}]}\n",
		  "'Decode' comes too late" },
		{ GOOD
		  "TrainReader: {batch_transforms: [{BatchRandomResize: {target_size: [100]}}]}\n",
		  "must be a multiple of 32" },
		{ GOOD
		  "EvalReader: {sample_transforms: [{Resize: {target_size: [64, 64], keep_ratio: true}}]}\n",
		  "'Resize.keep_ratio' can only be false" },
		{ GOOD "TrainDataset: {name: CocoDataset}\n",
		  "did you mean 'COCODataSet'?" },
		{ GOOD "TrainDataset: {name: COCODataSet, dir: x}\n",
		  "unknown key 'dir' in 'TrainDataset'" },
		{ GOOD "_BASE_: [nowhere.yml]\n", "cannot open" },
		{ GOOD "_BASE_: nowhere.yml\n",
		  "'_BASE_' must be a list of files" },
		{ GOOD "a: [1, 2\n", "not YAML" },
		{ GOOD "a: *gone\n", "alias without its anchor" },
		{ "- 1\n- 2\n", "a recipe must be a mapping" },
		{ GOOD "use_npu: true\n", "can only be false" },
	};

	(void)state;
	check_bad(list, sizeof(list) / sizeof(list[0]));
}

/* Three keys count the levels of a head. */
static void test_bad_levels(void **state)
{
	static const struct bad_recipe list[] = {
		{ GOOD "CSPResNet: {return_idx: [0, 1, 2]}\n",
		  "must be the last of the stages" },
		{ GOOD "CSPResNet: {return_idx: [3, 2, 1]}\n",
		  "must be the last of the stages" },
		{ GOOD "CSPResNet: {return_idx: [0, 1, 2, 3]}\n",
		  "has 4 levels, 'CustomCSPPAN.out_channels' 3 and" },
		{ GOOD "CSPResNet: {return_idx: []}\n",
		  ".yml:3: 'CSPResNet.return_idx' must be a list of 1 to 4" },
		{ GOOD "CSPResNet: {return_idx: [0, 0, 1, 2, 3]}\n",
		  "must be a list of 1 to 4 numbers" },
		{ GOOD "CSPResNet: {return_idx: [1, 2, 4]}\n",
		  "is 4, but must be within 0 and 3" },
		{ GOOD "CSPResNet: {return_idx: 3}\n", "must be a list" },
		{ GOOD "CustomCSPPAN: {out_channels: [64, 32]}\n",
		  "'CustomCSPPAN.out_channels' 2 and" },
		{ GOOD "CustomCSPPAN: {out_channels: [64, 32, 1]}\n",
		  "is 1, but must be within 2 and 8192" },
		{ GOOD "PPYOLOEHead: {fpn_strides: [32, 16, 8, 4]}\n",
		  "'PPYOLOEHead.fpn_strides' 4, but all three" },
		{ GOOD "PPYOLOEHead: {fpn_strides: [8, 16, 32]}\n",
		  "has 8 at place 1, but the map there has stride 32" },
		{ GOOD "CustomCSPPAN: {use_alpha: 3}\n",
		  "must be true or false" },
	};

	(void)state;
	check_bad(list, sizeof(list) / sizeof(list[0]));
}

/* Keys of other programs' recipes that change nothing here: what is read is
 * what would be read without them. */
static void test_without_effect(void **state)
{
	static const char text[] =
		GOOD "eval_size: ~\n"
		     "with_mask: false\nfor_distill: false\nPPYOLOERHead: ~\n";
	struct fl_err err = FL_ERR_INIT;
	struct recipe *r = NULL;

	(void)state;
	/* Known by its family's key, it is still no key of ours. */
	assert_int_equal(load_text(text, NULL, 0, &r, &err), FL_ERECIPE);
	assert_non_null(strstr(err.text, "unknown key 'with_mask'"));
	err = (struct fl_err)FL_ERR_INIT;
	if (load_text(GOOD
		      "eval_size: ~\nfor_distill: false\n"
		      "TestReader: {fuse_normalize: true}\n"
		      "EvalMOTDataset: !MOTImageFolder {data_root: x}\n"
		      "TestMOTDataset: !MOTImageFolder {keep_ori_im: true}\n"
		      "EvalMOTReader: {batch_size: 1}\n"
		      "TestMOTReader: {inputs_def: {image_shape: [3, 8, 8]}}\n",
		      NULL, 0, &r, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(data_options(r)->eval_height, 640);
	assert_int_equal(data_options(r)->eval_width, 640);
	assert_int_equal(data_options(r)->train_reader.fit_short, 0);
	recipe_free(r);
}

static void test_overrides(void **state)
{
	static const char *const o[] = { "LearningRate.base_lr=1e-3",
					 "PPYOLOEHead.nms.keep_top_k=7",
					 "PPYOLOEHead.nms.nms_top_k=9",
					 "TrainDataset.dataset_dir=/x",
					 "pretrain_weights=" };
	static const char *const bad[] = { "novalue" };
	struct fl_err err = FL_ERR_INIT;
	struct recipe *r = NULL;

	(void)state;
	if (load_text(GOOD "TrainDataset: !COCODataSet {image_dir: a}\n"
			   "pretrain_weights: http://x\nbool: &b yes\n",
		      o, 5, &r, &err) == 0)
		fail_msg("'bool' is no key");
	if (load_text(GOOD "TrainDataset: !COCODataSet {image_dir: a}\n"
			   "pretrain_weights: http://x\n",
		      o, 5, &r, &err) != 0)
		fail_msg("%s", err.text);
	assert_true(schedule_options(r)->base_lr ==
		    1e-3); /* though PyYAML calls it text */
	assert_int_equal(ppyoloe_of(r)->keep_top_k, 7);
	assert_int_equal(ppyoloe_of(r)->nms_top_k,
			 9); /* the first is not lost */
	assert_string_equal(data_options(r)->train.dataset_dir, "/x");
	assert_string_equal(data_options(r)->train.image_dir, "a");
	assert_string_equal(run_options(r)->pretrain_weights, "");
	recipe_free(r);
	assert_int_equal(load_text(GOOD, bad, 1, &r, &err), FL_EUSAGE);
}

/* What a transform does not say is what the reference's class has. */
static void test_left_out_interpolation(void **state)
{
	static const struct {
		const char *step;
		int interp;
	} list[] = {
		{ "BatchRandomResize: {target_size: [96, 128]}",
		  INTERP_NEAREST },
		{ "BatchRandomResize: {target_size: [96, 128], interp: 2}",
		  INTERP_CUBIC },
		{ "Resize: {target_size: [96, 128]}", INTERP_LINEAR },
		{ "NormalizeImage: {}", INTERP_LINEAR },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		struct recipe *r = NULL;
		char text[256];

		snprintf(text, sizeof(text),
			 GOOD "TrainReader: {batch_transforms: [{%s}]}\n",
			 list[i].step);
		if (load_text(text, NULL, 0, &r, &err) != 0)
			fail_msg("%s", err.text);
		assert_int_equal(data_options(r)->train_reader.interp,
				 list[i].interp);
		recipe_free(r);
	}
}

static void load_schedule(const char *schedule, struct schedule *out)
{
	struct fl_err err = FL_ERR_INIT;
	struct recipe *r = NULL;
	char text[256];

	snprintf(text, sizeof(text), GOOD "LearningRate: {schedulers: [%s]}\n",
		 schedule);
	if (load_text(text, NULL, 0, &r, &err) != 0)
		fail_msg("%s", err.text);
	*out = schedule_options(r)->list[0];
	recipe_free(r);
}

/* One factor and a list of one are two things; what is left out is what the
 * reference's class has (ppdet/optimizer/optimizer.py). */
static void test_schedules(void **state)
{
	static const char scale[] =
		"!PiecewiseDecay {milestones: [2, 4, 6], gamma: 0.5}";
	static const char one[] =
		"!PiecewiseDecay {milestones: [2, 4, 6], gamma: [0.5]}";
	struct schedule s;

	(void)state;
	load_schedule(scale, &s);
	assert_int_equal(s.gamma_count, 3);
	assert_true(s.gamma[0] == 0.5 && s.gamma[1] == 0.05 &&
		    s.gamma[2] == 0.005);
	assert_int_equal(s.milestones[2], 6);
	load_schedule(one, &s);
	assert_int_equal(s.gamma_count, 1);
	load_schedule("!PiecewiseDecay {}", &s);
	assert_int_equal(s.milestone_count, 2);
	assert_true(s.milestones[0] == 8 && s.milestones[1] == 11);
	assert_true(s.gamma[0] == 0.1 && s.gamma[1] == 0.01);
	load_schedule("!ExpWarmup {}", &s);
	assert_int_equal(s.steps, 1000);
	assert_int_equal(s.power, 2);
	load_schedule("!LinearWarmup {}", &s);
	assert_int_equal(s.steps, 500);
}

/* What a recipe without the sections gets is what the reference's classes begin
 * with (ppdet/optimizer/optimizer.py); sections that say "nothing" mean it. */
static void test_left_out_optimizer(void **state)
{
	static const struct {
		const char *text;
		double decay;
		int schedules;
	} list[] = {
		{ "", 0.0001, 2 },
		{ "OptimizerBuilder: {clip_grad_by_norm: 35}\n", 0.0001, 2 },
		{ "OptimizerBuilder: {regularizer: ~}\n", 0, 2 },
		{ "OptimizerBuilder: {regularizer: false}\n", 0, 2 },
		{ "OptimizerBuilder: {regularizer: None}\n", 0, 2 },
		{ "OptimizerBuilder: {regularizer: {factor: 0.002, type: L2}}\n",
		  0.002, 2 },
		{ "LearningRate: {base_lr: 0.1}\n", 0.0001, 2 },
		{ "LearningRate: {schedulers: []}\n", 0.0001, 0 },
		{ "LearningRate: {schedulers: [!CosineDecay {}]}\n", 0.0001,
		  1 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		struct fl_err err = FL_ERR_INIT;
		const struct schedule_options *s;
		struct recipe *r = NULL;
		char text[256];

		snprintf(text, sizeof(text), GOOD "%s", list[i].text);
		if (load_text(text, NULL, 0, &r, &err) != 0)
			fail_msg("%s: %s", list[i].text, err.text);
		s = schedule_options(r);
		assert_true(optim_options(r)->weight_decay == list[i].decay);
		assert_int_equal(s->count, list[i].schedules);
		if (s->count == 2) {
			assert_int_equal(s->list[0].kind, SCHEDULE_PIECEWISE);
			assert_int_equal(s->list[0].milestones[1], 11);
			assert_int_equal(s->list[1].kind,
					 SCHEDULE_LINEAR_WARMUP);
			assert_int_equal(s->list[1].steps, 500);
		}
		recipe_free(r);
	}
}

/* Damaged recipes are refused or read, never more. */
static void test_fuzz(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_rng rng = fl_rng_open(3, FL_RNG_TEST, 0, 0);
	struct fl_map map;
	char *text;

	(void)state;
	assert_int_equal(
		fl_map_open(&map, "configs/ppyoloe/bccd_s_256_60e.yml", &err),
		0);
	text = malloc(map.size + 1);
	for (int i = 0; i < 400; i++) {
		struct recipe *r = NULL;

		memcpy(text, map.data, map.size);
		text[map.size] = '\0';
		for (int k = 0; k < 4; k++)
			text[fl_rng_below(&rng, map.size)] =
				(char)(32 + fl_rng_below(&rng, 95));
		if (load_text(text, NULL, 0, &r, &err) == 0)
			recipe_free(r);
		else
			assert_true(err.text[0] != '\0');
	}
	free(text);
	fl_map_close(&map);
}

static const struct recipe_change *change_of(const struct recipe *r,
					     const char *key)
{
	for (int i = 0; i < r->change_count; i++)
		if (strcmp(r->changes[i].key, key) == 0)
			return &r->changes[i];
	return NULL;
}

/* What differs from the base, and who says so. */
static void test_changes(void **state)
{
	static const char top[] = "_BASE_: [base.yml]\nepoch: 300\n"
				  "log_iter: 5\nLearningRate:\n"
				  "  base_lr: 0.02\n";
	static const char *const overrides[] = { "epoch=7", "seed=3" };
	static const char *const rows[][3] = {
		{ "epoch", "7", "300" },
		{ "log_iter", "5", "20" },
		{ "LearningRate.base_lr", "0.02", "0.01" },
		{ "seed", "3", NULL },
	};
	struct fl_err err = FL_ERR_INIT;
	struct recipe *r = NULL;
	char folder[4096], base[8192];
	const char *path;

	(void)state;
	assert_non_null(getcwd(folder, sizeof(folder)));
	snprintf(base, sizeof(base),
		 "_BASE_: [%s/configs/demo/ppyoloe_demo.yml]\nepoch: 300\n"
		 "log_iter: 20\nLearningRate:\n  base_lr: 0.01\n",
		 folder);
	scratch_file("base.yml", base, strlen(base));
	path = scratch_file("top.yml", top, strlen(top));
	if (recipe_load(path, overrides, 2, &r, &err) != 0)
		fail_msg("%s", err.text);
	assert_int_equal(r->change_count, 4);
	for (int i = 0; i < 4; i++) {
		const struct recipe_change *c = change_of(r, rows[i][0]);

		assert_non_null(c);
		assert_string_equal(c->value, rows[i][1]);
		if (rows[i][2])
			assert_string_equal(c->base, rows[i][2]);
		else
			assert_null(c->base);
	}
	assert_string_equal(change_of(r, "epoch")->from, "-o epoch=7");
	assert_non_null(strstr(change_of(r, "log_iter")->from, "top.yml:3"));
	recipe_free(r);
}

/* docs/recipes.md holds the table as it is now. */
static void test_docs(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct fl_str rows = FL_STR_INIT;
	struct fl_map map;

	(void)state;
	recipe_print_rows(&rows);
	assert_int_equal(fl_map_open(&map, "docs/recipes.md", &err), 0);
	if (!memmem(map.data, map.size, fl_str_get(&rows), rows.len))
		fail_msg(
			"docs/recipes.md is not the table of the parts' rows; 'flotilla recipe-keys' prints it");
	fl_map_close(&map);
	fl_str_release(&rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_own_recipes),
		cmocka_unit_test(test_reference_recipes),
		cmocka_unit_test(test_bad_recipes),
		cmocka_unit_test(test_foreign_recipes),
		cmocka_unit_test(test_bad_levels),
		cmocka_unit_test(test_without_effect),
		cmocka_unit_test(test_overrides),
		cmocka_unit_test(test_left_out_interpolation),
		cmocka_unit_test(test_schedules),
		cmocka_unit_test(test_changes),
		cmocka_unit_test(test_left_out_optimizer),
		cmocka_unit_test(test_fuzz),
		cmocka_unit_test(test_docs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A whole training on the strict device (tests/support/strict.h): steps with both
 * assigners, alone, in passes and with a twin rank, an evaluation, a checkpoint
 * and a resume, a recorded pass, maps that are computed again. Everything must
 * come out with the bits of ref, under several orders; so nothing above device/
 * touches device memory or looks before it has waited. */
#include "support/scratch.h"
#include "support/strict.h"
#include "support/twin.h"
#include "base/par.h"
#include "comm/self/self.h"
#include "data/synth.h"
#include "family/family.h"
#include "train/checkpoint.h"
#include "detect/evaluate.h"
#include "data/options.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SIZE 96
#define BATCH 2
#define BOXES 2

static struct recipe *recipe;
static struct model *model;
static float image[BATCH * SIZE * SIZE * 3];

static const float boxes[BATCH][BOXES][4] = {
	{ { 8, 8, 60, 70 }, { 30, 20, 90, 90 } },
	{ { 10, 40, 50, 80 }, { 0, 0, 0, 0 } }
};
static const int labels[BATCH][BOXES] = { { 0, 3 }, { 5, 0 } };
static const int counts[BATCH] = { 2, 1 };

static struct engine_batch batch(void)
{
	return (struct engine_batch){ BATCH, SIZE,	  SIZE,	     image,
				      BOXES, boxes[0][0], labels[0], counts };
}

struct run {
	struct dev *dev;
	struct engine e;
	struct engine_result result;
};

static void open_run(struct run *r, const char *device, struct comm *comm,
		     int passes)
{
	struct plan_key keys[] = {
		plan_key_make(PLAN_TRAIN, recipe_precision(recipe),
			      BATCH / passes, SIZE, SIZE),
		evaluator_plan(recipe, &data_options(recipe)->eval_reader),
	};
	struct fl_err err = FL_ERR_INIT;

	if (device_open(device, &r->dev, &err) != 0 ||
	    engine_open(&r->e, recipe, model, r->dev, comm, keys, 2, &err) !=
		    0 ||
	    engine_set_passes(&r->e, passes, &err) != 0)
		fail_msg("%s", err.text);
}

static void close_run(struct run *r)
{
	engine_close(&r->e);
	device_close(r->dev);
}

/* A step with each assigner. */
static void step(struct run *r, int epoch)
{
	struct engine_batch b = batch();
	struct fl_err err = FL_ERR_INIT;

	if (engine_step(&r->e, &b, epoch, 0.01, ENGINE_GO_ON, &r->result,
			&err) != 0)
		fail_msg("%s", err.text);
}

static void same_state(struct run *a, struct run *b)
{
	struct fl_err err = FL_ERR_INIT;

	assert_int_equal(network_fetch(&a->e.net, STATE_ALL, &err), 0);
	assert_int_equal(network_fetch(&b->e.net, STATE_ALL, &err), 0);
	for (int i = 0; i < STATE_ROWS; i++) {
		size_t n = state_row_count(&a->e.net.state, (enum state_row)i);

		if (!state_kinds[i].saved)
			continue;
		if (memcmp(a->e.net.host.row[i], b->e.net.host.row[i],
			   n * sizeof(float)) != 0)
			fail_msg("%s differ", state_kinds[i].name);
	}
	assert_memory_equal(a->result.losses, b->result.losses,
			    sizeof(a->result.losses));
	assert_true(isfinite(a->result.losses[0]));
}

static const char *seeded(int seed)
{
	static char name[32];

	snprintf(name, sizeof(name), "strict:%d", seed);
	return name;
}

static void train_both(struct comm *comm, struct comm *other, int passes,
		       int seeds)
{
	struct run ref;

	open_run(&ref, "ref", comm, passes);
	step(&ref, 0);
	step(&ref, 99);
	for (int seed = 1; seed <= seeds; seed++) {
		struct run strict;

		open_run(&strict, seeded(seed), other, passes);
		step(&strict, 0);
		step(&strict, 99);
		same_state(&ref, &strict);
		close_run(&strict);
	}
	close_run(&ref);
}

static void test_training(void **state)
{
	struct comm *comm = comm_self_open();

	(void)state;
	train_both(comm, comm, 1, 3);
	train_both(comm, comm, 2, 1);
	comm_close(comm);
}

static void test_two_ranks(void **state)
{
	struct twin a, b;

	(void)state;
	twin_init(&a);
	twin_init(&b);
	train_both(&a.base, &b.base, 1, 1);
	assert_true(b.sums > 0);
}

/* Two steps, a checkpoint between them, the second by an engine that read it. */
static void test_resume(void **state)
{
	struct comm *comm = comm_self_open();
	const char *path = scratch_path("resume.safetensors");
	struct train_place place = { .step = 1, .steps_per_epoch = 1 };
	struct fl_err err = FL_ERR_INIT;
	struct checkpoint_content c;
	struct run ref, first, second;

	(void)state;
	open_run(&ref, "ref", comm, 1);
	step(&ref, 0);
	step(&ref, 99);
	open_run(&first, seeded(3), comm, 1);
	step(&first, 0);
	assert_int_equal(network_fetch(&first.e.net, state_saved(), &err), 0);
	c = checkpoint_of(&first.e, &place);
	assert_int_equal(checkpoint_save(&c, path, &err), 0);
	close_run(&first);
	open_run(&second, seeded(4), comm, 1);
	if (checkpoint_load(&second.e, &place, path, &err) != 0)
		fail_msg("%s", err.text);
	step(&second, 99);
	same_state(&ref, &second);
	close_run(&second);
	close_run(&ref);
	comm_close(comm);
}

static size_t detect(const char *device, struct coco_detection **found)
{
	struct comm *comm = comm_self_open();
	struct fl_err err = FL_ERR_INIT;
	struct evaluation ev;
	struct evaluator v;
	struct run r;

	open_run(&r, device, comm, 1);
	step(&r, 0);
	engine_use_average(&r.e);
	if (evaluator_open(&v, recipe, &(struct class_list){ 0 }, comm, &err) !=
		    0 ||
	    evaluator_run(&v, &r.e.net, &ev, found, &err) != 0)
		fail_msg("%s", err.text);
	coco_result_release(&ev.coco);
	evaluator_close(&v);
	close_run(&r);
	comm_close(comm);
	return ev.detections;
}

static void test_evaluation(void **state)
{
	struct coco_detection *a, *b;
	size_t n = detect("ref", &a);

	(void)state;
	assert_int_equal(detect(seeded(5), &b), n);
	assert_true(n > 0);
	assert_memory_equal(a, b, n * sizeof(*a));
	free(a), free(b);
}

/* Forward and backward, recorded once: a replay leaves what the work itself does,
 * and nothing in it waits. */
static void test_replay(void **state)
{
	struct comm *comm = comm_self_open();
	struct fl_err err = FL_ERR_INIT;
	struct run eager, replayed;
	struct run *runs[2] = { &eager, &replayed };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct run *r = runs[i];
		struct plan *plan;
		struct tensor in;
		const struct dev_core *core;
		struct dev_recording *work;

		open_run(r, seeded(6), comm, 1);
		core = r->dev->device->core;
		plan = r->e.net.plans.list[0];
		in = plan_value(plan, model->graph->input);
		dev_write(r->e.net.queue, in.data, image, tensor_bytes(&in));
		for (int k = 0; k < model->head.count; k++) {
			struct head_map maps[HEAD_MOST];

			head_maps(plan, &model->head, maps);
			dev_ops(r->dev)->zero(r->e.net.queue, &maps[k].dcls);
			dev_ops(r->dev)->zero(r->e.net.queue, &maps[k].dreg);
		}
		r->e.run.grads_ready = NULL;
		if (i == 1)
			assert_int_equal(core->record(r->e.net.queue, &err), 0);
		if (plan_forward(plan, &r->e.run, &err) != 0 ||
		    plan_backward(plan, &r->e.run, &err) != 0)
			fail_msg("%s", err.text);
		if (i == 0)
			continue;
		assert_int_equal(core->recorded(r->e.net.queue, &work, &err),
				 0);
		core->replay(r->e.net.queue, work);
		assert_int_equal(dev_wait(r->e.net.queue, &err), 0);
		core->recording_free(r->dev, work);
	}
	memset(&eager.result, 0, sizeof(eager.result));
	memset(&replayed.result, 0, sizeof(replayed.result));
	same_state(&eager, &replayed);
	close_run(&eager);
	close_run(&replayed);
	comm_close(comm);
}

/* The same with maps in BF16, whose steps are other ones: from the second on,
 * for a head begins with weights of 0 and sees nothing of its maps. */
static void test_bf16(void **state)
{
	struct comm *comm = comm_self_open();
	struct run wide, narrow;

	open_run(&wide, "ref", comm, 1);
	for (int i = 0; i < 2; i++)
		step(&wide, i);
	recipe->precision = PRECISION_BF16;
	open_run(&narrow, "ref", comm, 1);
	for (int i = 0; i < 2; i++)
		step(&narrow, i);
	assert_true(wide.e.net.plans.activation_bytes * 10 >
		    narrow.e.net.plans.activation_bytes * 15);
	assert_memory_not_equal(wide.result.losses, narrow.result.losses,
				sizeof(wide.result.losses));
	close_run(&wide);
	close_run(&narrow);
	train_both(comm, comm, 1, 1);
	comm_close(comm);
	test_two_ranks(state);
	test_resume(state);
	test_evaluation(state);
	recipe->precision = PRECISION_FP32;
}

/* Maps dropped and computed again leave the bits as they are, on one device: three
 * steps, for a head begins with weights of 0, so the first teaches it alone. */
static void recompute_both(const char *device, struct comm *comm,
			   struct comm *other, int passes)
{
	static const int epochs[3] = { 0, 99, 99 };
	struct run plain, again;

	open_run(&plain, device, comm, passes);
	model->graph->recompute = true;
	open_run(&again, device, other, passes);
	model->graph->recompute = false;
	for (int i = 0; i < 3; i++) {
		step(&plain, epochs[i]);
		step(&again, epochs[i]);
	}
	same_state(&plain, &again);
	/* the first plan is the training's */
	assert_true(plan_activation_bytes(again.e.net.plans.list[0]) * 10 <
		    plan_activation_bytes(plain.e.net.plans.list[0]) * 7);
	assert_int_equal(again.e.net.plans.workspace_bytes,
			 plain.e.net.plans.workspace_bytes);
	close_run(&plain);
	close_run(&again);
}

/* With a twin rank: sums over ranks are as many as ever. */
static void recompute_twins(const char *device)
{
	struct twin a, b;

	twin_init(&a);
	twin_init(&b);
	recompute_both(device, &a.base, &b.base, 1);
	assert_true(a.sums > 0);
	assert_int_equal(b.sums, a.sums);
}

static void test_recompute(void **state)
{
	struct comm *comm = comm_self_open();

	(void)state;
	for (int p = PRECISION_FP32; p <= PRECISION_BF16; p++) {
		recipe->precision = (enum precision)p;
		recompute_both("cpu", comm, comm, 1);
		recompute_both("cpu", comm, comm, 2);
		recompute_twins("cpu");
	}
	recipe->precision = PRECISION_FP32;
	recompute_twins(seeded(7)); /* does what ref does */
	comm_close(comm);
}

/* What stays readable, and what has no backward, is planned as ever. */
static void test_recompute_elsewhere(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct dev *dev;

	(void)state;
	assert_int_equal(device_open("ref", &dev, &err), 0);
	for (int mode = PLAN_EVAL; mode <= PLAN_PROBE; mode++) {
		struct plan_key key = plan_key_make(
			(enum plan_mode)mode, DTYPE_F32, BATCH, SIZE, SIZE);
		size_t bytes[2];

		for (int k = 0; k < 2; k++) {
			model->graph->recompute = k == 1;
			assert_int_equal(plans_measure(model->graph, dev, &key,
						       &bytes[k], &err),
					 0);
		}
		assert_int_equal(bytes[0], bytes[1]);
	}
	model->graph->recompute = false;
	device_close(dev);
}

static int open_all(void)
{
	static const struct synth_options few = { 1, 2, SIZE, SIZE, 1 };
	static char dirs[3][256];
	const char *overrides[] = { "width_mult=0.125",
				    "depth_mult=0.1",
				    "norm_type=sync_bn",
				    "bucket_mb=0.25",
				    "eval_size=[96, 96]",
				    "EvalReader.batch_size=2",
				    dirs[0],
				    dirs[1] };
	struct fl_err err = FL_ERR_INIT;

	if (synth_make(scratch_dir(), &few, &err) != 0)
		return 1;
	snprintf(dirs[0], sizeof(dirs[0]), "EvalDataset.dataset_dir=%s",
		 scratch_dir());
	snprintf(dirs[1], sizeof(dirs[1]), "TrainDataset.dataset_dir=%s",
		 scratch_dir());
	for (size_t i = 0; i < sizeof(image) / sizeof(*image); i++)
		image[i] = sinf((float)i * 0.37f) * 1.5f;
	if (recipe_load("configs/demo/ppyoloe_demo.yml", overrides, 8, &recipe,
			&err) == 0 &&
	    family_model(recipe, &model, &err) == 0)
		return 0;
	fprintf(stderr, "%s\n", err.text);
	return 1;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_training),
		cmocka_unit_test(test_two_ranks),
		cmocka_unit_test(test_resume),
		cmocka_unit_test(test_evaluation),
		cmocka_unit_test(test_replay),
		cmocka_unit_test(test_bf16),
		cmocka_unit_test(test_recompute),
		cmocka_unit_test(test_recompute_elsewhere),
	};
	int failed;

	fl_par_init(2);
	if (open_all() != 0)
		return 1;
	failed = cmocka_run_group_tests(tests, NULL, NULL);
	family_model_free(model);
	recipe_free(recipe);
	return failed;
}

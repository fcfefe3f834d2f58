/* The gradients of the class, IoU and distribution losses against central differences, with both
 * assigners; what they assign is held fixed, as it is in training. */
#include "support/slopes.h"
#include "base/par.h"
#include "base/rng.h"
#include "config/recipe.h"
#include "family/ppyoloe/ppyoloe_priv.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct fl_rng rng;

static float *uniform(size_t n, double low, double high)
{
	float *v = malloc(n * sizeof(float));

	for (size_t i = 0; i < n; i++)
		v[i] = (float)fl_rng_range(&rng, low, high);
	return v;
}

#define CLASSES 3
#define IMAGES 2
#define BOXES 3

struct loss_case {
	struct dev *dev;
	struct loss *loss;
	struct loss_input in;
	double normaliser;
};

static double loss_value(void *ctx)
{
	struct loss_case *k = ctx;
	struct fl_err err = FL_ERR_INIT;
	float losses[LOSS_MOST];

	if (loss_finish(k->loss, dev_queue(k->dev, DEV_COMPUTE), k->normaliser,
			losses, &err) != 0)
		fail_msg("%s", err.text);
	return (double)losses[0];
}

static struct tensor map(int side, int channels, double low, double high)
{
	size_t n = (size_t)(IMAGES * side * side * channels);

	return tensor_make(uniform(n, low, high), DTYPE_F32, IMAGES, side, side,
			   channels);
}

static void open_levels(struct loss_case *k)
{
	for (int i = 0; i < k->in.levels; i++) {
		struct head_map *m = &k->in.maps[i];
		int side;

		m->stride = 32 >> i;
		side = 96 / m->stride;
		m->cls = map(side, CLASSES, -2, 2);
		m->reg = map(side, 4 * PPYOLOE_BINS, -3, 3);
		m->dcls = map(side, CLASSES, 0, 1);
		m->dreg = map(side, 4 * PPYOLOE_BINS, 0, 1);
	}
}

static void close_levels(struct loss_case *k)
{
	for (int i = 0; i < k->in.levels; i++) {
		free(k->in.maps[i].cls.data), free(k->in.maps[i].reg.data);
		free(k->in.maps[i].dcls.data), free(k->in.maps[i].dreg.data);
	}
}

static float *kept(const float *v, size_t n)
{
	return memcpy(malloc(n * sizeof(float)), v, n * sizeof(float));
}

/* loss_finish() writes the gradients at every call: they are kept first. */
static void level_slopes(struct loss_case *k, int level, bool boxes)
{
	const struct head_map *m = &k->in.maps[level];
	size_t n = tensor_count(boxes ? &m->dreg : &m->dcls);
	float *grad = kept(boxes ? m->dreg.data : m->dcls.data, n);
	double error;

	error = slopes_error(boxes ? m->reg.data : m->cls.data, grad, n,
			     0.03125f, loss_value, k);
	/* where an edge passes its target within a difference, GIoU bends */
	if (error > 0.05)
		fail_msg("%s logits of level %d: off by %g of their size",
			 boxes ? "box" : "class", level, error);
	free(grad);
}

/* The parts of the loss one by one: the sum is a float, and what a small part
 * adds would drown in the others. */
static void part_slopes(const char *const overrides[], int count, bool boxes)
{
	static const float truth[IMAGES][BOXES][4] = {
		{ { 3, 9, 71, 61 }, { 41, 30, 94, 95 }, { 11, 70, 31, 90 } },
		{ { 20, 20, 80, 90 }, { 0, 0, 0, 0 }, { 0, 0, 0, 0 } }
	};
	static const int labels[IMAGES][BOXES] = { { 0, 2, 1 }, { 1, 0, 0 } };
	static const int counts[IMAGES] = { 3, 1 };
	struct fl_err err = FL_ERR_INIT;
	struct loss_case k = { .in = { .levels = 3,
				       .n = IMAGES,
				       .classes = CLASSES,
				       .most = BOXES,
				       .boxes = truth[0][0],
				       .labels = labels[0],
				       .counts = counts } };
	const struct loss_size most = { IMAGES, 9 + 36 + 144, CLASSES };
	struct recipe *recipe;

	if (recipe_load("configs/demo/ppyoloe_demo.yml", overrides, count,
			&recipe, &err) != 0)
		fail_msg("%s", err.text);
	open_levels(&k);
	assert_int_equal(device_open("cpu", &k.dev, &err), 0);
	assert_int_equal(loss_open(&ppyoloe_loss,
				   recipe_options(recipe, &ppyoloe_part), k.dev,
				   &most, &k.loss, &err),
			 0);
	for (int epoch = 0; epoch < 100; epoch += 99) { /* ATSS, then TAL */
		assert_int_equal(loss_assign(k.loss,
					     dev_queue(k.dev, DEV_COMPUTE),
					     &k.in, epoch, &k.normaliser, &err),
				 0);
		assert_true(k.normaliser > 0.1);
		for (int i = 0; i < k.in.levels; i++) {
			loss_value(&k);
			level_slopes(&k, i, boxes);
		}
	}
	loss_close(k.loss);
	device_close(k.dev);
	recipe_free(recipe);
	close_levels(&k);
}

static void test_loss(void **state)
{
	static const char *const cls[] = { "PPYOLOEHead.loss_weight.iou=0",
					   "PPYOLOEHead.loss_weight.dfl=0" };
	static const char *const iou[] = { "PPYOLOEHead.loss_weight.class=0",
					   "PPYOLOEHead.loss_weight.dfl=0" };
	static const char *const dfl[] = { "PPYOLOEHead.loss_weight.class=0",
					   "PPYOLOEHead.loss_weight.iou=0" };

	(void)state;
	part_slopes(cls, 2, false);
	part_slopes(iou, 2, true);
	part_slopes(dfl, 2, true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_loss),
	};

	fl_par_init(1);
	rng = fl_rng_open(11, FL_RNG_TEST, 0, 0);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

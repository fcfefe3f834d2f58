/* A batch taken in passes: of one that holds the same images twice (or three
 * times) each pass has the batch statistics of the whole, so that gradients and
 * losses must be the whole's to rounding. */
#include "config/recipe.h"
#include "family/family.h"
#include "device/device.h"
#include "train/engine.h"
#include "comm/self/self.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define DIFFERENT 2 /* images */
#define SIZE 96
#define PIXELS ((size_t)SIZE * SIZE * 3)
#define BOXES 2

struct bench {
	struct recipe *recipe;
	struct model *model;
	struct comm *comm;
	float *image, *boxes;
	int *labels, *counts;
};

static void open_bench(struct bench *b, int copies)
{
	static const char *const overrides[] = { "width_mult=0.125" };
	static const float boxes[DIFFERENT][BOXES][4] = {
		{ { 8, 8, 60, 70 }, { 30, 20, 90, 90 } },
		{ { 10, 40, 50, 80 }, { 0, 0, 0, 0 } }
	};
	static const int labels[DIFFERENT][BOXES] = { { 0, 3 }, { 5, 0 } };
	size_t n = (size_t)copies * DIFFERENT;
	struct fl_err err = FL_ERR_INIT;

	b->image = calloc(n * PIXELS, sizeof(float));
	b->boxes = calloc(n * BOXES * 4, sizeof(float));
	b->labels = calloc(n * BOXES, sizeof(int));
	b->counts = calloc(n, sizeof(int));
	for (size_t i = 0; i < n * PIXELS; i++)
		b->image[i] =
			sinf((float)(i % (DIFFERENT * PIXELS)) * 0.37f) * 1.5f;
	for (size_t i = 0; i < n; i++) {
		memcpy(b->boxes + i * BOXES * 4, boxes[i % DIFFERENT],
		       sizeof(boxes[0]));
		memcpy(b->labels + i * BOXES, labels[i % DIFFERENT],
		       sizeof(labels[0]));
		b->counts[i] = i % DIFFERENT ? 1 : 2;
	}
	if (recipe_load("configs/demo/ppyoloe_demo.yml", overrides, 1,
			&b->recipe, &err) != 0 ||
	    family_model(b->recipe, &b->model, &err) != 0)
		fail_msg("%s", err.text);
	b->comm = comm_self_open();
}

static void close_bench(struct bench *b)
{
	comm_close(b->comm);
	family_model_free(b->model);
	recipe_free(b->recipe);
	free(b->image), free(b->boxes), free(b->labels), free(b->counts);
}

/* The gradients and losses of one step; the caller frees. */
static float *gradients(const struct bench *b, int images, int passes,
			int epoch, struct engine_result *result)
{
	struct plan_key key = plan_key_make(PLAN_TRAIN, DTYPE_F32,
					    images / passes, SIZE, SIZE);
	struct engine_batch batch = { images, SIZE,	SIZE,	   b->image,
				      BOXES,  b->boxes, b->labels, b->counts };
	struct fl_err err = FL_ERR_INIT;
	struct dev *dev;
	struct engine e;
	float *out;
	size_t bytes;

	assert_int_equal(device_open("ref", &dev, &err), 0);
	if (engine_open(&e, b->recipe, b->model, dev, b->comm, &key, 1, &err) !=
		    0 ||
	    engine_set_passes(&e, passes, &err) != 0)
		fail_msg("%s", err.text);
	for (int step = 0; step < 2; step++) /* nothing stays from the first */
		if (engine_step(&e, &batch, epoch, 0, ENGINE_GO_ON, result,
				&err) != 0)
			fail_msg("%s", err.text);
	bytes = b->model->graph->flat_count * sizeof(float);
	out = malloc(bytes);
	assert_int_equal(network_fetch(&e.net, STATE_ALL, &err), 0);
	memcpy(out, e.net.host.row[STATE_GRADS], bytes);
	engine_close(&e);
	device_close(dev);
	return out;
}

static double distance(const float *a, const float *b, size_t n)
{
	double d = 0, q = 0;

	for (size_t i = 0; i < n; i++) {
		double x = (double)a[i] - (double)b[i];

		d += x * x;
		q += (double)b[i] * (double)b[i];
	}
	assert_true(q > 0);
	return sqrt(d / q);
}

static void compare(int copies, int epoch)
{
	struct engine_result whole, parts;
	struct bench b;
	float *x, *y;
	double d;

	open_bench(&b, copies);
	x = gradients(&b, copies * DIFFERENT, 1, epoch, &whole);
	y = gradients(&b, copies * DIFFERENT, copies, epoch, &parts);
	d = distance(y, x, b.model->graph->flat_count);
	print_message("%d passes, epoch %d: gradients differ by %.1e\n", copies,
		      epoch, d);
	assert_true(d < 1e-5);
	for (int k = 0; k < whole.kind->count; k++)
		assert_true(fabsf(parts.losses[k] - whole.losses[k]) <=
			    1e-5f * whole.losses[k]);
	free(x), free(y);
	close_bench(&b);
}

static void test_passes(void **state)
{
	(void)state;
	compare(2, 0);	/* ATSS */
	compare(3, 99); /* task-aligned */
}

static void test_parts(void **state)
{
	(void)state;
	for (int n = 1; n < 20; n++)
		for (int passes = 1; passes <= n; passes++) {
			int at = 0, first;

			for (int k = 0; k < passes; k++) {
				int count = engine_part(n, passes, k, &first);

				assert_int_equal(first, at);
				assert_true(count >= n / passes &&
					    count <= (n + passes - 1) / passes);
				at += count;
			}
			assert_int_equal(at, n);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_parts),
		cmocka_unit_test(test_passes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

/* A training step takes no memory from the heap: our own calls of malloc and its like are counted
 * while steps of two sizes, both assigners and two ranks run. (oneDNN's and libgomp's own are
 * theirs.) And all threads that compute flush denormals. */
#include "base/par.h"
#include "support/twin.h"
#include "family/family.h"
#include "train/engine.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED 1
#endif
#endif

static atomic_bool counting;
static atomic_long calls;

#ifndef SANITIZED
/* The program's own code ends at etext; libraries lie elsewhere. */
extern char __executable_start, etext;
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *old, size_t size);
void *__libc_memalign(size_t align, size_t size);

#define OUT_OF_LINE __attribute__((noinline)) /* it has a caller */

static void count(const void *caller)
{
	const char *at = caller;

	if (counting && at >= &__executable_start && at < &etext)
		calls++;
}

OUT_OF_LINE void *malloc(size_t size)
{
	count(__builtin_return_address(0));
	return __libc_malloc(size);
}

OUT_OF_LINE void *calloc(size_t n, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_calloc(n, size);
}

OUT_OF_LINE void *realloc(void *old, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_realloc(old, size);
}

OUT_OF_LINE void *aligned_alloc(size_t align, size_t size)
{
	count(__builtin_return_address(0));
	return __libc_memalign(align, size);
}

OUT_OF_LINE int posix_memalign(void **out, size_t align, size_t size)
{
	count(__builtin_return_address(0));
	*out = __libc_memalign(align, size);
	return *out ? 0 : ENOMEM;
}
#endif

static const int sizes[2] = { 96, 128 };

#define BATCH 2
#define BOXES 2

static struct engine_batch batch_of(int size, float *image)
{
	static const float boxes[BATCH][BOXES][4] = {
		{ { 8, 8, 60, 70 }, { 30, 20, 90, 90 } },
		{ { 10, 40, 50, 80 }, { 0, 0, 0, 0 } }
	};
	static const int labels[BATCH][BOXES] = { { 0, 3 }, { 5, 0 } };
	static const int counts[BATCH] = { 2, 1 };

	for (int i = 0; i < BATCH * size * size * 3; i++)
		image[i] = (float)(i % 29) / 15 - 1;
	return (struct engine_batch){ BATCH, size,	  size,	     image,
				      BOXES, boxes[0][0], labels[0], counts };
}

static void run_steps(struct engine *e, const struct engine_batch *batches)
{
	struct fl_err err = FL_ERR_INIT;
	struct engine_result result;

	for (int epoch = 0; epoch < 100; epoch += 99) /* ATSS, then TAL */
		for (int i = 0; i < 2; i++)
			if (engine_step(e, &batches[i], epoch, 1e-4,
					ENGINE_GO_ON, &result, &err) != 0)
				fail_msg("%s", err.text);
}

static void test_step(void **state)
{
	static const char *const overrides[] = { "width_mult=0.125",
						 "norm_type=sync_bn",
						 "bucket_mb=0.25" };
	static float images[2][BATCH * 128 * 128 * 3];
	struct twin twin;
	struct engine_batch batches[2];
	struct plan_key keys[2];
	struct fl_err err = FL_ERR_INIT;
	struct dev *dev = NULL;
	struct recipe *recipe = NULL;
	struct model *model = NULL;
	struct engine e;
	void *volatile probe;

	(void)state;
	twin_init(&twin);
	for (int i = 0; i < 2; i++) {
		keys[i] = plan_key_make(PLAN_TRAIN, DTYPE_F32, BATCH, sizes[i],
					sizes[i]);
		batches[i] = batch_of(sizes[i], images[i]);
	}
	if (recipe_load("configs/demo/ppyoloe_demo.yml", overrides, 3, &recipe,
			&err) != 0 ||
	    device_open("cpu", &dev, &err) != 0 ||
	    family_model(recipe, &model, &err) != 0 ||
	    engine_open(&e, recipe, model, dev, &twin.base, keys, 2, &err) != 0)
		fail_msg("%s", err.text);
	counting = true;
	probe = malloc(1); /* the count counts */
	free(probe);
#ifndef SANITIZED
	assert_int_equal(calls, 1);
#endif
	calls = 0;
	run_steps(&e, batches); /* the very first step is no exception */
	counting = false;
	assert_true(twin.sums >= 8); /* its thread took part */
	assert_int_equal(twin.denormals, 0);
	engine_close(&e);
	device_close(dev);
	family_model_free(model);
	recipe_free(recipe);
#ifdef SANITIZED
	print_message("the sanitizer has an allocator of its own\n");
	skip();
#endif
	assert_int_equal(calls, 0);
}

static atomic_int denormals;

static void look(void *ctx, size_t first, size_t last, int chunk)
{
	(void)ctx, (void)chunk;
	for (size_t i = first; i < last; i++)
		denormals += keeps_denormals();
}

/* Threads that end with a short loop and come back with a long one too. */
static void test_denormals(void **state)
{
	(void)state;
	denormals = 0;
	fl_par_init(4);
	for (int round = 0; round < 20; round++)
		fl_par_for(round % 2 ? 2 : 64, 1, look, NULL);
	fl_par_init(2);
	assert_int_equal(denormals, 0);
	assert_int_equal(keeps_denormals(), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_step),
		cmocka_unit_test(test_denormals),
	};

	fl_par_init(2);
	return cmocka_run_group_tests(tests, NULL, NULL);
}

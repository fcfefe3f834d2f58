/* Order of images: numpy's shuffle bit for bit, and shards that cover the data once. */
#include "data/sampler.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* python: a = numpy.arange(10); numpy.random.RandomState(k).shuffle(a) */
static void test_numpy_shuffle(void **state)
{
	static const int k0[10] = { 2, 8, 4, 9, 1, 6, 7, 3, 0, 5 };
	static const int k3[10] = { 5, 4, 1, 2, 9, 6, 7, 0, 3, 8 };
	struct fl_err err = FL_ERR_INIT;
	struct sampler s;
	int out[10];

	(void)state;
	assert_int_equal(
		sampler_open(&s, DATA_SAMPLER_PADDLE, 5, 10, 0, 1, 10, &err),
		0);
	sampler_step(&s, 0, 0, out);
	assert_memory_equal(out, k0, sizeof(k0));
	sampler_step(&s, 3, 0, out);
	assert_memory_equal(out, k3, sizeof(k3));
	sampler_close(&s);
}

/* Over all ranks and steps every image comes at most once (the padding of the
 * reference apart), and only the tail is left out. */
static void cover(enum data_sampler kind, int images, int world, int batch)
{
	struct fl_err err = FL_ERR_INIT;
	int *seen = calloc((size_t)images, sizeof(int)), total = 0;
	int out[8], steps = -1, twice = 0, never = 0;
	int padding = (world - images % world) % world;

	for (int r = 0; r < world; r++) {
		struct sampler s;

		assert_int_equal(sampler_open(&s, kind, 1, images, r, world,
					      batch, &err),
				 0);
		assert_true(steps < 0 || steps == s.steps);
		steps = s.steps;
		for (int k = 0; k < steps; k++) {
			sampler_step(&s, 2, k, out);
			for (int i = 0; i < batch; i++) {
				assert_true(out[i] >= 0 && out[i] < images);
				twice += seen[out[i]]++ > 0;
				total++;
			}
		}
		sampler_close(&s);
	}
	for (int i = 0; i < images; i++)
		never += seen[i] == 0;
	assert_int_equal(total, steps * world * batch);
	assert_true(twice <= (kind == DATA_SAMPLER_PADDLE ? padding : 0));
	assert_true(never < world * batch);
	free(seen);
}

static void test_shards(void **state)
{
	(void)state;
	for (int world = 1; world <= 7; world++)
		for (int images = 60; images < 75; images++) {
			cover(DATA_SAMPLER_FLOTILLA, images, world,
			      1 + images % 5);
			cover(DATA_SAMPLER_PADDLE, images, world,
			      1 + images % 5);
		}
}

/* R ranks of batch b see, step by step, what one rank of R b sees. */
static void test_ranks_are_one_rank(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct sampler one, part;
	int whole[12], out[4];

	(void)state;
	assert_int_equal(sampler_open(&one, DATA_SAMPLER_FLOTILLA, 9, 50, 0, 1,
				      12, &err),
			 0);
	for (int r = 0; r < 3; r++) {
		assert_int_equal(sampler_open(&part, DATA_SAMPLER_FLOTILLA, 9,
					      50, r, 3, 4, &err),
				 0);
		assert_int_equal(part.steps, one.steps);
		for (int k = 0; k < one.steps; k++) {
			sampler_step(&one, 7, k, whole);
			sampler_step(&part, 7, k, out);
			assert_memory_equal(out, whole + 4 * r, sizeof(out));
		}
		sampler_close(&part);
	}
	sampler_close(&one);
}

/* However many ranks share the images of a step, together they see the step. */
static void test_shares(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct sampler one, part;
	int whole[12], out[12];

	(void)state;
	assert_int_equal(sampler_open(&one, DATA_SAMPLER_FLOTILLA, 9, 50, 0, 1,
				      12, &err),
			 0);
	for (int world = 1; world <= 12; world++)
		for (int k = 0; k < one.steps; k++) {
			int seen = 0;

			sampler_step(&one, 3, k, whole);
			for (int r = 0; r < world; r++) {
				assert_int_equal(
					sampler_open_share(
						&part, DATA_SAMPLER_FLOTILLA, 9,
						50, r, world, 12, &err),
					0);
				assert_int_equal(part.steps, one.steps);
				assert_true(part.batch >= 12 / world);
				sampler_step(&part, 3, k, out);
				assert_memory_equal(out, whole + seen,
						    (size_t)part.batch *
							    sizeof(int));
				seen += part.batch;
				sampler_close(&part);
			}
			assert_int_equal(seen, 12);
		}
	sampler_close(&one);
	assert_int_equal(sampler_open_share(&part, DATA_SAMPLER_PADDLE, 9, 50,
					    0, 5, 12, &err),
			 FL_ERECIPE);
	assert_int_equal(sampler_open_share(&part, DATA_SAMPLER_FLOTILLA, 9, 50,
					    0, 13, 12, &err),
			 FL_ERECIPE);
}

static void test_too_few(void **state)
{
	struct fl_err err = FL_ERR_INIT;
	struct sampler s;

	(void)state;
	assert_int_equal(
		sampler_open(&s, DATA_SAMPLER_FLOTILLA, 0, 7, 0, 2, 4, &err),
		FL_ERECIPE);
	assert_non_null(strstr(err.text, "7 images are fewer than the 8"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_numpy_shuffle),
		cmocka_unit_test(test_shards),
		cmocka_unit_test(test_ranks_are_one_rank),
		cmocka_unit_test(test_shares),
		cmocka_unit_test(test_too_few),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}

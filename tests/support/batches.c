#include "support/batches.h"
#include "data/options.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

struct loader *must_open(const struct recipe *recipe,
			 const struct dataset *data, int rank, int world,
			 int threads, int epoch, int step,
			 const struct loader_tapes *tapes)
{
	struct fl_err err = FL_ERR_INIT;
	struct loader *l;

	if (loader_open_train(
		    recipe, data, rank, world,
		    world * data_options(recipe)->train_reader.batch_size,
		    threads, epoch, step, tapes, &l, &err) != 0)
		fail_msg("%s", err.text);
	return l;
}

struct batch *next(struct loader *l)
{
	struct fl_err err = FL_ERR_INIT;
	struct batch *b;
	double waited;

	if (loader_next(l, &b, &waited, &err) != 0)
		fail_msg("%s", err.text);
	return b;
}

void same_batch(const struct batch *a, const struct batch *b)
{
	size_t floats = (size_t)a->n * (size_t)a->h * (size_t)a->w * 3;

	assert_int_equal(a->epoch, b->epoch);
	assert_int_equal(a->step, b->step);
	assert_int_equal(a->n, b->n);
	assert_int_equal(a->h, b->h);
	assert_memory_equal(a->image, b->image, floats * sizeof(float));
	assert_memory_equal(a->index, b->index, (size_t)a->n * sizeof(int));
	assert_memory_equal(a->counts, b->counts, (size_t)a->n * sizeof(int));
	for (int i = 0; i < a->n; i++)
		assert_memory_equal(a->boxes + i * a->most * 4,
				    b->boxes + i * b->most * 4,
				    (size_t)a->counts[i] * 4 * sizeof(float));
}

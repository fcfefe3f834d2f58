/* passes.c - how many images of a step this rank takes, and in how many passes.
 *
 * run_open() asks in this order: run_share_out() before the model is made, for
 * what it refuses needs none; run_choose_passes() measures plans of the model's
 * graph without making them; run_plans() lists those that the engine is to make.
 * A batch in passes has batch statistics of each pass, so it is not bit for bit
 * the batch at once: passes are taken only where the user states a limit, or
 * where ranks were lost and the others' images come on top.
 */
#include "train/run_priv.h"

#include "base/log.h"
#include "base/memory.h"
#include "data/options.h"
#include "train/options.h"

/* Uneven shares are right only where every sum runs over all images: of batch
 * statistics and of losses. */
int run_share_out(struct run *r, struct fl_err *err)
{
	int asked = r->options->batch_ranks;

	r->batch_ranks = asked > 0 ? asked : r->comm->world;
	r->global = r->batch_ranks *
		    data_options(r->recipe)->train_reader.batch_size;
	if (r->batch_ranks == r->comm->world)
		return 0;
	if (!data_options(r->recipe)->shared_size)
		return fl_fail(
			err, FL_ERECIPE,
			"the %d images a step of %d ranks can be dealt to %d ranks only with shared_size: true",
			r->global, r->batch_ranks, r->comm->world);
	if (r->options->lost_ranks)
		fl_info("the run began with %d ranks: the %d that are left take the same %d images a step",
			r->batch_ranks, r->comm->world, r->global);
	return 0;
}

/* Bytes that activations may take; INT64_MAX: all they want. */
static int64_t memory_limit(const struct run *r)
{
	int64_t room;
	int here = r->options->local_ranks;

	if (run_options(r->recipe)->memory_limit > 0)
		return (int64_t)run_options(r->recipe)->memory_limit << 20;
	room = fl_memory_free();
	return room == INT64_MAX ? room : room / (here > 0 ? here : 1);
}

static int size_count(const struct run *r)
{
	const struct reader_options *reader =
		&data_options(r->recipe)->train_reader;

	return reader->random_size ? reader->size_count : 1;
}

static int share_of(const struct run *r)
{
	return loader_share(r->comm->rank, r->comm->world, r->global);
}

static struct plan_key largest_plan(const struct run *r, int passes)
{
	const struct reader_options *reader =
		&data_options(r->recipe)->train_reader;
	int best = 0;

	for (int i = 1; i < size_count(r); i++)
		if (reader->sizes[i][0] * reader->sizes[i][1] >
		    reader->sizes[best][0] * reader->sizes[best][1])
			best = i;
	return plan_key_make(PLAN_TRAIN, recipe_precision(r->recipe),
			     (share_of(r) + passes - 1) / passes,
			     reader->sizes[best][0], reader->sizes[best][1]);
}

/* The fewest passes in which the batch fits the memory of every rank. A run is
 * the same bit for bit only if that is no matter of the moment: without a stated
 * limit we look only where ranks were lost. */
int run_choose_passes(const struct run *r, int *passes, struct fl_err *err)
{
	int64_t limit;
	int most = r->global / r->comm->world, rc = 0;
	size_t bytes = 0;
	double over = 1;

	*passes = 1;
	if (run_options(r->recipe)->memory_limit == 0 &&
	    r->batch_ranks == r->comm->world)
		return 0;
	limit = memory_limit(r);
	for (; rc == 0; ++*passes) {
		struct plan_key key = largest_plan(r, *passes);

		if (limit < INT64_MAX)
			rc = plans_measure(r->model->graph, r->dev, &key,
					   &bytes, err);
		over = bytes > (size_t)limit;
		if (rc == 0)
			rc = comm_sum_doubles(r->comm, &over, 1, err);
		if (rc != 0 || over == 0 || *passes >= most)
			break;
	}
	if (rc == 0 && over > 0)
		return fl_fail(
			err, FL_ERECIPE,
			"even in %d passes a step needs more memory than it may have "
			"(here %.0f MiB, of %.0f): raise memory_limit, make room, or take smaller images",
			*passes, (double)bytes / 0x1p20,
			(double)limit / 0x1p20);
	if (rc == 0 && *passes > 1)
		fl_info("the memory allows %d of the %d images of this rank at a time: "
			"each step takes %d passes, with batch statistics of their own",
			largest_plan(r, *passes).batch,
			largest_plan(r, 1).batch, *passes);
	return rc;
}

int run_plans(const struct run *r, int passes,
	      struct plan_key keys[RUN_MOST_PLANS])
{
	const struct reader_options *reader =
		&data_options(r->recipe)->train_reader;
	int share = share_of(r), count = 0;

	for (int i = 0; i < size_count(r); i++)
		for (int up = 0; up <= (share % passes != 0); up++)
			keys[count++] = plan_key_make(
				PLAN_TRAIN, recipe_precision(r->recipe),
				share / passes + up, reader->sizes[i][0],
				reader->sizes[i][1]);
	return count;
}

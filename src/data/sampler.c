/* The order of the pictures of an epoch, and which of them a rank takes in a
 * step.
 * "flotilla" shuffles with our own streams, so that any number of ranks deals
 * the same batch; "paddle" is the reference's order bit for bit, numpy's
 * Mersenne Twister with the epoch as its seed, for comparing runs. An order is
 * made once an epoch and kept. */
#include "data/sampler.h"

#include "base/arena.h"
#include "base/rng.h"

#include <stdlib.h>
#include <string.h>

static bool is_paddle(enum data_sampler kind)
{
	return kind == DATA_SAMPLER_PADDLE;
}

/* The reference counts ceil(images / world) for each rank, padding included;
 * ours has no padding, so the tail of an epoch is left out. */
static int steps_of(enum data_sampler kind, int images, int world, int batch)
{
	return is_paddle(kind) ? (images + world - 1) / world / batch
			       : images / world / batch;
}

int sampler_open(struct sampler *s, enum data_sampler kind, uint64_t seed,
		 int images, int rank, int world, int batch, struct fl_err *err)
{
	*s = (struct sampler){ .paddle = is_paddle(kind),
			       .seed = seed,
			       .images = images,
			       .rank = rank,
			       .world = world,
			       .batch = batch,
			       .global = world * batch,
			       .offset = rank * batch,
			       .epoch = -1 };
	s->steps = steps_of(kind, images, world, batch);
	if (s->steps == 0 && images < world)
		return fl_fail(
			err, FL_ERECIPE,
			"%d %s fewer than the %d ranks, of which each takes one at least; "
			"start %d %s at most, or add images",
			images, fl_plural(images, "image is", "images are"),
			world, images, fl_plural(images, "rank", "ranks"));
	if (s->steps == 0)
		return fl_fail(
			err, FL_ERECIPE,
			"%d %s fewer than the %d of one step (%d %s "
			"of batch %d); set TrainReader.batch_size to %d at most",
			images, fl_plural(images, "image is", "images are"),
			world * batch, world, fl_plural(world, "rank", "ranks"),
			batch, images / world);
	/* the reference's order is padded to a multiple of the world */
	s->order = fl_calloc((size_t)images + (size_t)world, sizeof(int));
	return 0;
}

/* After a lost machine the same images a step are dealt to fewer ranks, and the
 * batch may no longer divide: the order is then that of one rank with the whole
 * batch, of which each takes its slice. */
int sampler_open_share(struct sampler *s, enum data_sampler kind, uint64_t seed,
		       int images, int rank, int world, int global,
		       struct fl_err *err)
{
	int first = (int)((int64_t)global * rank / world);
	int next = (int)((int64_t)global * (rank + 1) / world);
	int rc;

	if (global % world == 0)
		return sampler_open(s, kind, seed, images, rank, world,
				    global / world, err);
	if (is_paddle(kind) || global < world)
		return fl_fail(
			err, FL_ERECIPE,
			"the %d images of a step cannot be dealt to %d ranks%s",
			global, world,
			global < world ? "" : " with 'sampler: paddle'");
	rc = sampler_open(s, kind, seed, images, 0, 1, global, err);
	s->rank = rank;
	s->world = world;
	s->batch = next - first;
	s->offset = first;
	return rc;
}

int sampler_share_steps(enum data_sampler kind, int images, int world,
			int global)
{
	if (global % world != 0) /* dealt as to one rank */
		world = 1;
	return steps_of(kind, images, world, global / world);
}

void sampler_close(struct sampler *s)
{
	free(s->order);
	*s = (struct sampler){ 0 };
}

/* Fisher and Yates, with a stream that only the seed and the epoch choose. */
static void shuffle(struct sampler *s, int epoch)
{
	struct fl_rng rng =
		fl_rng_open(s->seed, FL_RNG_SHUFFLE, (uint64_t)epoch, 0);

	for (int i = 0; i < s->images; i++)
		s->order[i] = i;
	for (int i = s->images - 1; i > 0; i--) {
		int j = (int)fl_rng_below(&rng, (uint64_t)i + 1);
		int t = s->order[i];

		s->order[i] = s->order[j];
		s->order[j] = t;
	}
}

/* MT19937 (Matsumoto and Nishimura, 1998), seeded as numpy's RandomState(int)
 * is; numpy's shuffle goes from the end and draws by masked rejection. */
struct twister {
	uint32_t state[624];
	int at;
};

static void twister_seed(struct twister *t, uint32_t seed)
{
	for (int i = 0; i < 624; i++) {
		t->state[i] = seed;
		seed = 1812433253u * (seed ^ seed >> 30) + (uint32_t)i + 1;
	}
	t->at = 624;
}

static void twister_turn(struct twister *t)
{
	for (int i = 0; i < 624; i++) {
		uint32_t y = (t->state[i] & 0x80000000u) |
			     (t->state[(i + 1) % 624] & 0x7fffffffu);

		t->state[i] = t->state[(i + 397) % 624] ^ y >> 1 ^
			      (y & 1 ? 0x9908b0dfu : 0);
	}
	t->at = 0;
}

static uint32_t twister_next(struct twister *t)
{
	uint32_t y;

	if (t->at == 624)
		twister_turn(t);
	y = t->state[t->at++];
	y ^= y >> 11;
	y ^= y << 7 & 0x9d2c5680u;
	y ^= y << 15 & 0xefc60000u;
	return y ^ y >> 18;
}

/* 0 .. max, by masked rejection. */
static uint32_t twister_below(struct twister *t, uint32_t max)
{
	uint32_t mask = max, v;

	for (int shift = 1; shift < 32; shift *= 2)
		mask |= mask >> shift;
	do {
		v = twister_next(t) & mask;
	} while (v > max);
	return v;
}

/* Of N images the first ones stand there twice where the world does not divide
 * N: each rank needs as many. */
static void shuffle_paddle(struct sampler *s, int epoch)
{
	int n = (s->images + s->world - 1) / s->world * s->world;
	struct twister t;

	twister_seed(&t, (uint32_t)epoch);
	for (int i = 0; i < n; i++)
		s->order[i] = i < s->images ? i : i - s->images;
	for (int i = n - 1; i > 0; i--) {
		int j = (int)twister_below(&t, (uint32_t)i);
		int v = s->order[i];

		s->order[i] = s->order[j];
		s->order[j] = v;
	}
}

void sampler_step(struct sampler *s, int epoch, int step, int *out)
{
	int first = step * s->global + s->offset;

	FL_ASSERT(step < s->steps);
	/* Once an epoch, under the loader's lock: the first batch of an epoch
	 * waits. */
	if (s->epoch != epoch) {
		if (s->paddle)
			shuffle_paddle(s, epoch);
		else
			shuffle(s, epoch);
		s->epoch = epoch;
	}
	if (s->paddle) {
		int n = (s->images + s->world - 1) / s->world * s->world;
		int whole = n / (s->world * s->batch);

		/* behind the whole global batches the tail is split evenly */
		if (step >= whole) {
			int tail = n - whole * s->world * s->batch;

			first = whole * s->world * s->batch +
				s->rank * (tail / s->world) +
				(step - whole) * s->batch;
		}
	}
	memcpy(out, s->order + first, (size_t)s->batch * sizeof(*out));
}

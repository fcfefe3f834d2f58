/* model.c - the time of a step, part by part; docs/plan.md derives each.
 *
 * compute() knows one trainer, the others what ranks do to each other. Expected
 * maxima over ranks are computed, not simulated: of picture sizes by their
 * distribution, of reading times by that of the slowest of R exponential ones,
 * of computing times by the usual bound of R normal ones. */
#include "cost/model.h"

#include "launch/measure/estimate.h"

#include <math.h>

/* Of the loss: the sum of scores and the mean of the losses. */
#define LOSS_SUMS 2
/* Memory of a machine that keeps files; the rest is the trainers'. */
#define CACHE_SHARE 0.8
#define TAIL_PIECES 400

const char *cost_part_name(enum cost_part part)
{
	static const char *const names[] = {
#define X(name, key, text) text,
		COST_PART_LIST(X)
#undef X
	};

	return names[part];
}

const char *cost_part_key(enum cost_part part)
{
	static const char *const keys[] = {
#define X(name, key, text) key,
		COST_PART_LIST(X)
#undef X
	};

	return keys[part];
}

static double ranks_of(const struct cost_job *j)
{
	return (double)j->hosts * j->cards;
}

/* Trainers of a shared machine each have their part of its cores. */
static double sharers(const struct cost_job *j)
{
	return j->machine->shared ? j->cards : 1;
}

static double compute(const struct cost_job *j, double area)
{
	const struct cost_machine *m = j->machine;
	const struct cost_work *w = &j->work;
	double bytes = j->half ? 2 : 4, half = j->half ? m->half : 1;
	double pixel = half * (w->wide_flops * m->rates.wide_s +
			       w->thin_flops * m->rates.thin_s) +
		       w->elements * bytes * m->rates.byte_s;

	return m->rates.step_s +
	       sharers(j) * (j->batch * area * pixel +
			     w->parameters * m->rates.parameter_s);
}

static double mean_area(const struct cost_job *j)
{
	double sum = 0;

	for (int i = 0; i < j->area_count; i++)
		sum += j->areas[i];
	return sum / j->area_count;
}

/* The largest of 'ranks' draws among areas that rise: each is it with the chance
 * that all draws are at most this one, less that all are below. */
static double largest_area(const struct cost_job *j, double ranks)
{
	double sum = 0, below = 0;

	for (int i = 0; i < j->area_count; i++) {
		double chance = pow((double)(i + 1) / j->area_count, ranks);

		sum += j->areas[i] * (chance - below);
		below = chance;
	}
	return sum;
}

/* What the slowest of 'ranks' exponential times of a mean exceeds a bound by:
 * the integral from there of the chance that one of them is longer. */
static double tail(double bound, double mean, double ranks)
{
	double sum = 0, width = (30 + log(ranks)) * mean / TAIL_PIECES;

	for (int i = 0; mean > 0 && i < TAIL_PIECES; i++) {
		double t = bound + (i + 0.5) * width;

		sum += -expm1(ranks * log1p(-exp(-t / mean))) * width;
	}
	return sum;
}

/* Core seconds of one picture. */
static double prepare_s(const struct cost_job *j, double area)
{
	return j->picture_pixels * j->machine->rates.decode_s +
	       area * j->machine->rates.pixel_s;
}

/* The mean reading of one picture: nothing where memory has it. */
static double read_s(const struct cost_job *j)
{
	double bytes = j->pictures * j->picture_bytes;
	double kept = CACHE_SHARE * j->machine->host_bytes;

	return bytes > kept ? j->machine->read_s * (1 - kept / bytes) : 0;
}

/* A small sum over all ranks. Machines of a tree go up and down it; without one
 * every rank sends to every other, in one hop. */
static double small_sum(const struct cost_job *j)
{
	const struct cost_machine *m = j->machine;
	double hop = j->hosts < 2 ? 0 : j->hop_s > 0 ? j->hop_s : m->hop_s;
	double ranks = ranks_of(j);

	if (ranks < 2)
		return 0;
	if (m->tree)
		return m->rates.near_s + 2 * ceil(log2(j->hosts)) * hop;
	return (j->cards > 1 ? m->rates.near_s : 0) + hop +
	       (ranks - 1) * m->rates.rank_s;
}

/* Gradients: within the machines, then between them, in buckets that each take
 * the latency of all turns. */
static double reduce_s(const struct cost_job *j)
{
	const struct cost_machine *m = j->machine;
	double bytes = j->work.parameters * sizeof(float);
	double buckets = ceil(bytes / j->bucket_bytes), ranks = ranks_of(j);
	double hop = j->hop_s > 0 ? j->hop_s : m->hop_s;
	double s = 0, turns;

	if (j->cards > 1)
		s += 2 * (j->cards - 1.0) / j->cards * bytes *
		     m->rates.near_byte_s;
	if (j->hosts > 1) {
		const struct forecast_input ring = {
			.ranks = m->tree ? j->hosts : (int)ranks,
			.rate = j->link * m->link_share
		};

		turns = m->tree ? 2 * ceil(log2(j->hosts)) : 2 * (ranks - 1);
		s += forecast_all_reduce(&ring, bytes) + buckets * turns * hop;
	}
	return s;
}

static void evaluation(const struct cost_job *j, struct cost_result *r)
{
	const struct cost_machine *m = j->machine;
	struct cost_job forward = *j;
	double pictures = j->eval_pictures * j->evals, each;
	double cores = m->shared ? m->cores : j->workers;
	double readers = m->eval_alone ? 1 : m->shared ? j->hosts : ranks_of(j);

	forward.batch = 1;
	forward.cards = 1;
	/* A third of the passes, and no update. */
	each = (compute(&forward, j->eval_area) - m->rates.step_s -
		j->work.parameters * m->rates.parameter_s) /
	       3;
	each += prepare_s(j, j->eval_area) / (cores > 0 ? cores : 1);
	each += read_s(j);
	r->eval_s = pictures * (each / readers + m->score_s);
}

static void settle_limit(struct cost_result *r)
{
	r->limit = COST_COMPUTE;
	for (int i = COST_COMPUTE + 1; i < COST_PARTS; i++)
		if (r->parts[i] > r->step_s / 10 &&
		    (r->limit == COST_COMPUTE ||
		     r->parts[i] > r->parts[r->limit]))
			r->limit = (enum cost_part)i;
}

/* Loaders work beside a card, and on the cores of a processor that computes. */
static double loader_late(const struct cost_job *j, double busy)
{
	const struct cost_machine *m = j->machine;
	double work = j->batch * prepare_s(j, mean_area(j)), cores;

	if (m->shared)
		return work * j->cards / m->cores;
	cores = (double)m->cores / j->cards;
	cores = j->workers < cores ? j->workers : cores;
	return fmax(0, work / cores - busy);
}

void cost_of(const struct cost_job *j, struct cost_result *r)
{
	double ranks = ranks_of(j), *parts = r->parts, busy, backward;
	bool own = j->machine->own_sizes || !j->shared_size;

	*r = (struct cost_result){ 0 };
	parts[COST_COMPUTE] = compute(j, mean_area(j));
	if (own && ranks > 1)
		parts[COST_SIZES] = compute(j, largest_area(j, ranks)) -
				    parts[COST_COMPUTE];
	busy = parts[COST_COMPUTE] + parts[COST_SIZES];
	parts[COST_SPREAD] = busy * j->machine->spread * sqrt(2 * log(ranks));
	backward = (busy - j->machine->rates.step_s) * FORECAST_BACKWARD;
	r->reduce_s = ranks > 1 ? reduce_s(j) : 0;
	parts[COST_LINK] = fmax(0, r->reduce_s - (j->overlap ? backward : 0));
	parts[COST_SUMS] = (LOSS_SUMS + (j->sync_bn ? 2 * j->work.norms : 0)) *
			   small_sum(j);
	busy += parts[COST_SPREAD] + parts[COST_LINK] + parts[COST_SUMS];
	parts[COST_LOADER] = loader_late(j, busy);
	parts[COST_STORAGE] =
		tail(busy + parts[COST_LOADER], j->batch * read_s(j), ranks);
	for (int i = 0; i < COST_PARTS; i++)
		r->step_s += parts[i];
	settle_limit(r);
	r->steps = floor(j->pictures / (ranks * j->batch));
	r->images_s = ranks * j->batch / r->step_s;
	r->train_s = r->steps * j->epochs * r->step_s;
	evaluation(j, r);
}

/* sampler.h - which image stands where in which step.
 *
 * "flotilla": one permutation of the images from (seed, epoch); step k of
 * world ranks with batch b takes entries k B .. (k + 1) B - 1 with B = world b,
 * rank r the r-th slice of b; an epoch has floor(N / B) steps and drops the
 * tail. So R ranks of b and one rank of R b see the same batches.
 *
 * "paddle": the reference's, bit for bit: the indices padded to a multiple of
 * the world with the first ones, shuffled by numpy's RandomState(epoch), dealt
 * in runs of b, the tail split evenly, incomplete batches dropped.
 */
#ifndef FL_DATA_SAMPLER_H
#define FL_DATA_SAMPLER_H

#include "base/err.h"
#include "data/options.h"

#include <stdbool.h>
#include <stdint.h>

struct sampler {
	bool paddle;
	uint64_t seed;
	int images, rank, world, batch;
	int global, offset; /* images of one step of all ranks; ours begin */
	int steps;	    /* of an epoch, the same on every rank */
	int epoch;	    /* of the order at hand, -1: none */
	int *order;
};

/* FL_ERECIPE where an epoch would have no step. Tests call it: the loader opens
 * shares. */
int sampler_open(struct sampler *s, enum data_sampler kind, uint64_t seed,
		 int images, int rank, int world, int batch,
		 struct fl_err *err);
/* The same order, dealt to fewer or more ranks than global is a multiple of:
 * rank r takes entries r global / world up to (r + 1) global / world of each
 * step; s->batch is how many. Only for "flotilla": FL_ERECIPE. */
int sampler_open_share(struct sampler *s, enum data_sampler kind, uint64_t seed,
		       int images, int rank, int world, int global,
		       struct fl_err *err);
/* Steps of an epoch that it deals; 0: too few images. */
int sampler_share_steps(enum data_sampler kind, int images, int world,
			int global);
void sampler_close(struct sampler *s);
/* This rank's images of one step: out[0 .. batch). */
void sampler_step(struct sampler *s, int epoch, int step, int *out);

#endif

/* batches.h - loaders and their batches, where a test cannot go on without. */
#ifndef TESTS_SUPPORT_BATCHES_H
#define TESTS_SUPPORT_BATCHES_H

#include "data/loader.h"

/* loader_open_train() and loader_next(), failing the test with their error. */
struct loader *must_open(const struct recipe *recipe,
			 const struct dataset *data, int rank, int world,
			 int threads, int epoch, int step,
			 const struct loader_tapes *tapes);
/* NULL where a replayed record has ended. */
struct batch *next(struct loader *l);

/* The same step of the same pictures with the same boxes. */
void same_batch(const struct batch *a, const struct batch *b);

#endif

/* loader_priv.h - the loader's insides, for its three files: loader.c keeps the
 * ring of batches, loader_worker.c makes an image, loader_open.c opens and ends.
 */
#ifndef FL_DATA_LOADER_PRIV_H
#define FL_DATA_LOADER_PRIV_H

#include "data/loader.h"
#include "data/picture_cache.h"
#include "data/tape.h"

#include <pthread.h>

#define LOADER_MAX_THREADS 64

struct slot {
	struct batch batch;
	size_t image_cap;
	int size, interp;	  /* of the batch, drawn */
	int left;		  /* images that are not finished */
	int *wanted;		  /* places in the data set */
	struct tape_image *taped; /* [n] what was drawn */
};

struct loader {
	const struct reader_options *reader;
	const struct dataset *data;
	struct picture_cache *cache; /* NULL: none */
	struct sampler sampler;
	bool train, shared_size;
	uint64_t seed;
	int n, rank, world;
	int eval_at, eval_stride;
	struct tape *replay;
	struct tape_record *record;
	bool ended;
	struct slot slots[LOADER_AHEAD + 1];
	pthread_t threads[LOADER_MAX_THREADS];
	int thread_count;
	pthread_mutex_t lock;
	pthread_cond_t work, ready;
	/* under the lock */
	long made;	 /* batches whose contents are settled */
	long claimed;	 /* images claimed, counted over all batches */
	long taken;	 /* batches handed out */
	int epoch, step; /* of the next batch to be settled */
	bool stop;
	bool *bad; /* [data->count]: named already */
	struct bad_picture *found;
	int found_count, found_cap, found_taken;
	struct fl_err failed;
};

/* Claim the next image of the batches ahead; settles a batch when the claim
 * enters it. Under the lock; false: nothing to do now. */
bool loader_claim(struct loader *l, struct slot **s, int *at);
/* The sentence of a data set without a good picture. Under the lock. */
int loader_none_left(const struct loader *l, struct fl_err *err);
/* A worker's thread: claims and makes images until the loader stops. */
void *loader_work(void *loader);

#endif

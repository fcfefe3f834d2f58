/* loader.h - batches, decoded and transformed ahead of the step that needs
 * them.
 *
 * Worker threads claim single images of the coming batches in order, so that
 * one slow picture does not hold up a batch. Finished batches wait in a bounded
 * ring. What a batch holds is a function of (seed, epoch, step) alone: not of
 * the number of threads or ranks, nor of where the run was resumed.
 *
 * A picture that cannot be decoded is replaced by the next good one in order of
 * the data set, the last one's next being the first. The loader keeps a list
 * of them and says nothing itself: other ranks may meet the same ones.
 *
 * Threads: one thread calls next; the workers are the loader's own.
 */
#ifndef FL_DATA_LOADER_H
#define FL_DATA_LOADER_H

#include "data/dataset.h"
#include "data/sampler.h"

/* Batches ahead of the one in use, enough for a picture ten times as slow as
 * the others. */
#define LOADER_AHEAD 3

struct batch {
	int epoch, step;
	int n, h, w;
	float *image;	     /* [n][h][w][3] normalised */
	int most;	     /* boxes an image has room for */
	float *boxes;	     /* [n][most][4] pixels of the tensor */
	int *labels;	     /* [n][most] */
	int *counts;	     /* [n] */
	int *index;	     /* [n] place in the data set; -1: padding */
	int (*size)[2];	     /* [n] width and height of the picture */
	float *scale_factor; /* [n][2] (fy, fx) of the resize */
};

struct loader;

/* Files of random draws (tape.h); NULL: none. Ranks but the first write to
 * "<record>.<rank>". */
struct loader_tapes {
	const char *record, *replay;
};

/* Training: epochs of the sampler, from (epoch, step) on, without end. The
 * sampler's settings are copied; data set and recipe are borrowed. shared_size
 * draws one size for all ranks. The steps have 'global' images whatever the
 * world; a rank's batches have loader_share() of them. With a tape to replay
 * (tapes may be NULL), batches end, for all ranks alike, where the tape does.
 */
int loader_open_train(const struct recipe *recipe, const struct dataset *data,
		      int rank, int world, int global, int threads, int epoch,
		      int step, const struct loader_tapes *tapes,
		      struct loader **out, struct fl_err *err);
int loader_share(int rank, int world, int global);

/* Evaluation: images first, first + stride, ... of the data set in order, in
 * batches of n (the last one padded), through reader. Then NULL. */
int loader_open_eval(const struct reader_options *reader,
		     const struct dataset *data, int n, int first, int stride,
		     int threads, struct loader **out, struct fl_err *err);
/* A record of draws overwrites an older file only from here on, with what was
 * handed out before. Called again it does nothing. */
int loader_begin_record(struct loader *loader, struct fl_err *err);
void loader_close(struct loader *loader);

/* The next batch, valid until the next call, or NULL at the end; *waited_s is
 * how long it was not ready. FL_EDATA when no picture of the data set can be
 * decoded, or a tape does not fit the pictures. */
int loader_next(struct loader *loader, struct batch **out, double *waited_s,
		struct fl_err *err);
/* Tests call it. */
int loader_steps_per_epoch(const struct loader *loader);

/* A picture that cannot be decoded, and the sentence why, which names it. */
struct bad_picture {
	int index;
	char why[508];
};
/* Those that were found since the last call: fills out with at most room of
 * them and returns how many. Each is found once. */
int loader_take_bad(struct loader *loader, struct bad_picture *out, int room);

#endif

/* resume.h - a checkpoint met by a run of another size.
 *
 * A run that goes on may have other ranks than the one that was stopped. Its
 * steps keep their images, which the ranks share out, unless the user wants
 * new ones: then the schedule goes on by epochs. An epoch may have other
 * steps too because the data set has changed.
 */
#ifndef FL_TRAIN_RESUME_H
#define FL_TRAIN_RESUME_H

#include "train/checkpoint.h"

struct resume_options {
	const char *from; /* file, prefix or folder */
	/* Ranks that the job began with, before it lost some; 0: those here. */
	int job_ranks;
	int world;
	bool new_batch; /* steps of ranks x batch_size images from now on */
};

/* How many ranks of TrainReader.batch_size the images of a step are, into
 * *ranks, and a line that says so where it is not as before. FL_ERECIPE where
 * the checkpoint and the recipe do not agree and nothing is said about it. */
int resume_batch(const struct recipe *recipe,
		 const struct resume_options *options, int *ranks,
		 struct fl_err *err);

/* The place of a checkpoint in epochs of 'steps' steps: the same epoch, the
 * same part of it. */
void resume_place(struct train_place *place, const struct recipe *recipe,
		  int steps);

#endif

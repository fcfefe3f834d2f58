/* batch_room.h - how many images a step can have in the memory that is there.
 *
 * The plan of a batch states what its activations and workspace take, before
 * anything is allocated; to that come the loader's batches and the state of
 * the model. For batch_size auto, and for proposals.
 */
#ifndef FL_TRAIN_BATCH_ROOM_H
#define FL_TRAIN_BATCH_ROOM_H

#include "comm/comm.h"
#include "config/recipe.h"
#include "device/device.h"

/* An epoch keeps so many steps where the data set allows it: with fewer the
 * weights are moved too seldom to learn. */
#define BATCH_ROOM_STEPS 10

struct batch_room {
	int batch;	   /* images of one rank and step, at least 1 */
	int most;	   /* that the data set allows */
	double bytes;	   /* that this batch takes, of limit */
	double limit;	   /* INFINITY: the system does not tell */
	bool stated;	   /* limit is the recipe's memory_limit */
	int height, width; /* largest size of training */
};

/* The largest batch, the same on all ranks of comm (collective). images: of
 * the data set; local_ranks: that share this machine's memory. FL_ERECIPE where
 * not even one image fits. */
int batch_room_find(const struct recipe *recipe, struct dev *dev,
		    struct comm *comm, int images, int local_ranks,
		    struct batch_room *out, struct fl_err *err);

/* What a rank takes, as a straight line of its batch: fixed bytes (the state of
 * the model) and those of each picture, at the largest size of training. */
struct batch_room_line {
	double fixed, picture;
	int height, width;
};

int batch_room_line(const struct recipe *recipe, struct dev *dev,
		    struct batch_room_line *out, struct fl_err *err);

/* Seconds of one training step of n images at a size, measured with a picture
 * of nothing: forward, loss, backward, update. The quickest of so many steps
 * (at least 2) but the first. */
int batch_room_time(const struct recipe *recipe, struct dev *dev, int n,
		    int height, int width, int steps, double *seconds,
		    struct fl_err *err);

#endif

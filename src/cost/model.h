/* model.h - how long a training takes, from its work and its machines.
 *
 * A step is as long as the slowest rank's, for ranks meet in every one: its
 * computing at the largest picture size that a rank drew, its sums over ranks,
 * what of the gradients' way the backward pass does not hide, and what its
 * pictures are late. docs/plan.md has the formulas and what they were
 * checked against. Pure functions of numbers; seconds, bytes, bits a second.
 * Threads: any.
 */
#ifndef FL_COST_MODEL_H
#define FL_COST_MODEL_H

#include "cost/machine.h"
#include "cost/work.h"

#include <stdint.h>

#define COST_MOST_SIZES 64

struct cost_job {
	const struct cost_machine *machine;
	struct cost_work work;
	int hosts, cards;   /* machines, trainers of each */
	int batch;	    /* pictures of a trainer's step */
	double link, hop_s; /* between machines; 0: the kind's own hop */
	/* data */
	double pictures, eval_pictures;
	double picture_pixels;	       /* of a file's picture, in the mean */
	double picture_bytes;	       /* of a file */
	double areas[COST_MOST_SIZES]; /* of training sizes, each as likely */
	int area_count;
	double eval_area;
	int workers; /* loader threads of a trainer */
	/* run */
	int epochs, evals;
	bool half;    /* 16-bit maps */
	bool sync_bn; /* statistics over all ranks */
	bool shared_size, overlap;
	double bucket_bytes;
};

/* What a step is longer for, in the order of the report. */
#define COST_PART_LIST(X)                                                     \
	X(COMPUTE, "compute_s", "computing")                                  \
	X(SIZES, "sizes_s", "waiting for the largest picture size of a rank") \
	X(SPREAD, "spread_s", "waiting for the slowest of equal ranks")       \
	X(LOADER, "loader_s", "preparing pictures")                           \
	X(STORAGE, "storage_s", "waiting for pictures that are read slowest") \
	X(LINK, "link_s", "gradients on the link beyond the backward pass")   \
	X(SUMS, "sums_s", "small sums over ranks (sync_bn, loss)")

enum cost_part {
#define X(name, key, text) COST_##name,
	COST_PART_LIST(X)
#undef X
	COST_PARTS
};

/* In words, "computing". */
const char *cost_part_name(enum cost_part part);
/* For programs, "compute_s". */
const char *cost_part_key(enum cost_part part);

struct cost_result {
	double parts[COST_PARTS];
	double step_s;		/* the sum of the parts */
	double reduce_s;	/* of the gradients' way, hidden or not */
	double steps;		/* of an epoch; below 1: it has none */
	double images_s;	/* of the whole job, within steps */
	double train_s, eval_s; /* of the whole run */
	enum cost_part limit;	/* the largest part but computing, where it is
				 * more than a tenth of the step; else computing */
};

void cost_of(const struct cost_job *job, struct cost_result *out);

#endif

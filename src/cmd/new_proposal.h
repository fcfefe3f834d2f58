/* new_proposal.h - what 'flotilla new' proposes for a data set, each with its
 * reason in words. */
#ifndef FL_CMD_NEW_PROPOSAL_H
#define FL_CMD_NEW_PROPOSAL_H

#include "base/err.h"
#include "base/str.h"
#include "data/layout/labels.h"
#include "device/device.h"

#define NEW_SIZES 16
#define NEW_REASON 224

/* What of the data set decides. Sides of boxes are the root of their area, as
 * a share of that of their picture. */
struct new_facts {
	int classes, train, val; /* pictures; train: with a box */
	double box_median, box_tenth;
	int long_side; /* of the median picture */
};

struct new_proposal {
	int size, sizes[NEW_SIZES], size_count;
	int batch, epochs, warmup, static_epochs, snapshot, threads;
	double ema_decay;
	double picture_s, hours; /* measured here */
	double bytes;		 /* of activations */
	char size_why[NEW_REASON], batch_why[NEW_REASON], epoch_why[NEW_REASON],
		ema_why[NEW_REASON], time_why[NEW_REASON];
};

void new_facts_take(const struct labels *labels, struct new_facts *facts);
/* By the facts alone. */
void new_propose(const struct new_facts *facts, struct new_proposal *out);
/* By the machine too: memory for the batch, time for the size. Makes a
 * temporary recipe, in the folder for such. */
int new_fit_machine(const struct new_facts *facts, const struct labels *labels,
		    struct new_proposal *proposal, struct fl_err *err);

/* Where the recipe's files lie; absolute, but for stem. */
struct new_place {
	const char *folder, *stem; /* of the recipe: FOLDER/STEM.yml */
	const char *anno[SPLITS];  /* annotation files; NULL: no such part */
	const char *data,
		*image_dir[SPLITS]; /* the latter below data, or NULL */
};
void new_recipe_text(const struct new_facts *facts,
		     const struct new_proposal *proposal,
		     const struct new_place *place, struct fl_str *out);

#endif

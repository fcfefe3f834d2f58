/* probe.h - exact batches through training steps, and what happened by name.
 *
 * How flotilla and anyone else compare two trainers: the batches, weights and
 * epoch are given, nothing is drawn. Names and layouts of inputs and outputs
 * are those of docs/parity.md, the reference's: NCHW, [out,in,kh,kw].
 */
#ifndef FL_PROBE_PROBE_H
#define FL_PROBE_PROBE_H

#include "comm/comm.h"
#include "config/recipe.h"
#include "device/device.h"

struct probe_options {
	const char *weights; /* a file, or "" for the recipe's seed */
	/* Files, one for each step and rank: step t of R ranks takes those from
	 * R t on, rank r the r-th. */
	const char *const *batches;
	int batch_count;
	int epoch; /* of the first batch */
	int steps_per_epoch;
	bool eval;	 /* the evaluation forward of one batch instead */
	const char *out; /* written by rank 0 */
};

int probe_run(const struct recipe *recipe, struct dev *dev, struct comm *comm,
	      const struct probe_options *options, struct fl_err *err);

#endif

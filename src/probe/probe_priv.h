/* probe_priv.h - the probe's batches and output; for src/probe. */
#ifndef FL_PROBE_PROBE_PRIV_H
#define FL_PROBE_PROBE_PRIV_H

#include "ckpt/tensor_file.h"
#include "train/engine.h"

/* Everything to be written, and the memory it lies in. */
struct probe_sink {
	struct fl_arena arena;
	struct named_tensor *tensors;
	size_t count;
};

/* Room for one more tensor, for the caller to fill. */
void *probe_put(struct probe_sink *sink, const char *name, enum dtype dtype,
		int rank, const int64_t *dims);

/* A batch file: image [B,3,H,W], gt_bbox [B,G,4], gt_class [B,G,1],
 * pad_gt_mask [B,G,1], with or without "batch." before the names. For the
 * evaluation scale_factor [B,2] (fy, fx) stands in place of the boxes. */
struct probe_batch {
	struct engine_batch batch;
	float *image, *boxes, *scale_factor;
	int *labels, *counts;
};

int probe_batch_open(struct probe_batch *b, const char *path, int classes,
		     bool eval, struct fl_err *err);
void probe_batch_close(struct probe_batch *b);

/* The evaluation forward of one batch: boxes, scores and what non-maximum
 * suppression leaves. weights: as in struct probe_options. */
int probe_evaluate(const struct recipe *recipe, const struct model *model,
		   struct dev *dev, struct comm *comm, const char *weights,
		   const struct probe_batch *batch, struct probe_sink *sink,
		   struct fl_err *err);

#endif

/* probe_priv.h - batches of the probe; for src/train. */
#ifndef FL_TRAIN_PROBE_PRIV_H
#define FL_TRAIN_PROBE_PRIV_H

#include "train/engine.h"

/* A batch file: image [B,3,H,W], gt_bbox [B,G,4], gt_class [B,G,1],
 * pad_gt_mask [B,G,1], with or without "batch." before the names. */
struct probe_batch {
	struct engine_batch batch;
	float *image, *boxes;
	int *labels, *counts;
};

int probe_batch_open(struct probe_batch *b, const char *path, int classes,
		     struct fl_err *err);
void probe_batch_close(struct probe_batch *b);

#endif

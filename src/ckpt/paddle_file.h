/* paddle_file.h - Paddle's own files, written so that PaddleDetection loads
 * them: pickles of protocol 4 (spec H.1, H.2, H.6). Reading them is part of
 * tensor_file_open. Files appear under their names only when whole.
 */
#ifndef FL_CKPT_PADDLE_FILE_H
#define FL_CKPT_PADDLE_FILE_H

#include "ckpt/tensor_list.h"

/* A .pdparams or .pdema: tensors under their state names, then the table of
 * internal names. names[i] is the internal name of tensors[i]; names may be
 * NULL, then the table is left out. */
int paddle_write_params(const char *path, const struct named_tensor *tensors,
			size_t count, const char *const *names,
			struct fl_err *err);

/* The parts of a .pdopt beside the momentum. */
struct paddle_progress {
	int64_t steps;	/* optimizer steps done: LR_Scheduler.last_epoch */
	double lr;	/* LR_Scheduler.last_lr */
	int64_t epochs; /* epochs done: last_epoch */
};

/* A .pdopt: tensors[i] becomes "<names[i]>_velocity_0". */
int paddle_write_opt(const char *path, const struct named_tensor *tensors,
		     size_t count, const char *const *names,
		     const struct paddle_progress *progress,
		     struct fl_err *err);

/* For tensor_file.c: fill an empty list from a pickle in memory. */
int paddle_read(struct tensor_file *file, const unsigned char *data,
		size_t size, const char *what, struct fl_err *err);

#endif
